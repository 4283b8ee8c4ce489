// SPDX-License-Identifier: Apache-2.0
// A host made of a few files, with one backend, "acme", that has one device.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/doctor/finding.h"
#include "tests/unit/base/temp_dir.h"

namespace xpu::doctor {

class Tree : public testing::Test {
 protected:
  Tree() {
    host_.root = dir_.path();
    host_.config_file = "/etc/xpu-container-runtime/config.toml";
    host_.runtime = "/usr/bin/runc";
    Backend acme;
    acme.status.state = BackendState::kReady;
    acme.status.found.manifest.name = "acme";
    acme.status.found.manifest.file = "/usr/lib/xpu/backends/acme.toml";
    acme.status.catalog.backend = "acme";
    acme.status.catalog.devices = {device("acme:0")};
    host_.backends = {acme};
  }

  static Device device(const std::string& id) {
    Device out;
    out.id = id;
    out.vendor = "acme";
    out.index = id.substr(id.find(':') + 1);
    return out;
  }
  // A node of acme:0 as the backend described it.
  void give_node(const std::string& path, std::uint32_t major, std::uint32_t minor) {
    EditGroup group;
    group.scope.device = "acme:0";
    group.nodes = {{path, path, 'c', major, minor}};
    acme().status.catalog.edits.push_back(group);
  }
  void give_file(FileKind kind, const std::string& path, const std::string& capability,
                 const std::string& soname = "") {
    EditGroup group;
    group.scope.capability = capability;
    File file;
    file.kind = kind;
    file.host_path = file.container_path = path;
    file.soname = soname;
    group.files = {file};
    acme().status.catalog.edits.push_back(group);
  }
  Backend& acme() { return host_.backends.front(); }

  void write(const std::string& path, const std::string& text = "", mode_t mode = 0644) {
    dir_.write(path.substr(1), text, mode);
  }
  void program(const std::string& path) { write(path, "#!/bin/sh\n", 0755); }
  void remove(const std::string& path) { std::filesystem::remove_all(host_.path(path)); }
  void folder(const std::string& path) { std::filesystem::create_directories(host_.path(path)); }
  // Something that is a character device: 1:3.
  void null_device(const std::string& path) {
    folder(path.substr(0, path.rfind('/')));
    std::filesystem::create_symlink("/dev/null", host_.path(path));
  }

  Findings look(const std::string& check) const {
    Findings out;
    for (const Result& result : examine(host_, {check})) {
      out.push_back(result.finding);
    }
    return out;
  }
  // The only thing that a check says, as "STATE: FOUND > REMEDY".
  std::string said(const std::string& check) const {
    std::string out;
    for (const Finding& finding : look(check)) {
      out += out.empty() ? "" : "\n";
      out += to_string(finding.state);
      out += ": " + finding.found + (finding.remedy.empty() ? "" : " > " + finding.remedy);
    }
    return out;
  }

  test::TempDir dir_;
  Host host_;
};

}  // namespace xpu::doctor
