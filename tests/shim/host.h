// SPDX-License-Identifier: Apache-2.0
// A host for tests of the installed programs: a private prefix, sim hardware with real device
// nodes, a configuration, bundles, and a low-level runtime that writes down how it was called.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace xpu::test {

struct Result {
  int code = -1;
  std::string out, err;
};

class Host {
 public:
  Host();
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  std::filesystem::path dir;             // everything is below it
  std::filesystem::path prefix;          // bin, libexec/xpu, lib/xpu/backends, share/xpu
  std::filesystem::path bundle;          // bundle/config.json, bundle/rootfs
  std::filesystem::path runtime;         // the recording low-level runtime
  std::filesystem::path state;           // of write_config
  std::vector<std::string> environment;  // of programs run by this host
  std::vector<int> ignored_signals;      // in them

  void write_config(const std::string& extra_runtime_keys = "", const std::string& tail = "");
  // Two devices, acme:0 and acme:1, with one node and one library each and a shared one.
  void write_hardware(const std::string& extra = "");
  // `env`: elements of process.env beside PATH.
  void write_bundle(const std::vector<std::string>& env);
  std::string config_json() const;

  Result shim(const std::vector<std::string>& args, const std::string& cwd = "") const;
  Result tool(const std::vector<std::string>& args) const;
  // Lines that the recording runtime wrote: "arg …", "env …", "cwd …", "fd …",
  // "ignored …"; empty if not called.
  std::vector<std::string> seen() const;
  void forget_seen() const;

 private:
  Result run(const std::filesystem::path& program, const std::vector<std::string>& args,
             const std::string& cwd) const;
};

std::string read(const std::filesystem::path& file);
void write(const std::filesystem::path& file, const std::string& text);

}  // namespace xpu::test
