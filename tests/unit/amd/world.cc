// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/amd/world.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <toml++/toml.h>

#include <algorithm>
#include <sstream>

#include "core/base/error.h"
#include "core/plugin_host/collector.h"

namespace xpu::test {
namespace {

const EditGroup* group_of(const Catalog& catalog, const std::string& id) {
  const auto found = std::find_if(catalog.edits.begin(), catalog.edits.end(),
                                  [&](const EditGroup& group) { return group.scope.device == id; });
  return found == catalog.edits.end() ? nullptr : &*found;
}

}  // namespace

std::vector<std::string> lines_of(int fd) {
  std::string text;
  char block[4096];
  for (ssize_t count = 0;
       (count = ::pread(fd, block, sizeof block, static_cast<off_t>(text.size()))) > 0;) {
    text.append(block, static_cast<std::size_t>(count));
  }
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line.substr(0, 1) + " " + line.substr(1));
  }
  return lines;
}

std::map<std::string, std::string> options_of(const std::string& root,
                                              const std::map<std::string, std::string>& more) {
  std::map<std::string, std::string> options;
  const toml::table manifest = toml::parse_file(XPU_SOURCE_DIR "/backends/amd/amd.toml");
  for (const auto& [name, value] : *manifest["options"].as_table()) {
    options[std::string(name.str())] = value.is_integer()
                                           ? std::to_string(value.as_integer()->get())
                                           : value.value_or(std::string());
  }
  for (const char* name : {"driver-root", "dev-root", "sys-root"}) {
    options[name] = root;
  }
  for (const auto& [name, value] : more) {
    options[name] = value;
  }
  return options;
}

const Device& Described::device(const std::string& id) const {
  for (const Device& device : catalog.devices) {
    if (device.id == id) {
      return device;
    }
  }
  ADD_FAILURE() << "no device " << id << ": " << error;
  static const Device none;
  return none;
}

std::vector<std::string> Described::ids() const {
  std::vector<std::string> out;
  for (const Device& device : catalog.devices) {
    out.push_back(device.id);
  }
  return out;
}

std::vector<std::string> Described::interconnects() const {
  std::vector<std::string> out;
  for (const Interconnect& link : catalog.interconnects) {
    out.push_back(link.device + " " + link.peer + " " + link.type + " " +
                  std::to_string(link.weight));
  }
  return out;
}

std::vector<std::string> Described::nodes(const std::string& id) const {
  std::vector<std::string> out;
  if (const EditGroup* group = group_of(catalog, id)) {
    for (const Node& node : group->nodes) {
      out.push_back(node.container_path);
    }
  }
  return out;
}

std::vector<std::string> Described::links(const std::string& id) const {
  std::vector<std::string> out;
  if (const EditGroup* group = group_of(catalog, id)) {
    for (const Link& link : group->links) {
      out.push_back(link.path + " -> " + link.target);
    }
  }
  return out;
}

bool Described::watches(ConditionKind kind, const std::string& path) const {
  return std::any_of(
      catalog.conditions.begin(), catalog.conditions.end(),
      [&](const Condition& condition) { return condition.kind == kind && condition.path == path; });
}

std::string property(const Device& device, const std::string& key) {
  for (const auto& [name, value] : device.properties) {
    if (name == key) {
      return value;
    }
  }
  return "";
}

Described describe(const std::string& root, const std::map<std::string, std::string>& more) {
  Manifest manifest;
  manifest.name = "amd";
  manifest.library = XPU_AMD_LIBRARY;
  manifest.options = options_of(root, more);
  const int log = ::memfd_create("log", MFD_CLOEXEC);
  Collector collector(manifest, log);
  Described out;
  void* library = dlopen(XPU_AMD_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << dlerror();
  const auto entry = reinterpret_cast<xpu_backend_entry_fn>(dlsym(library, "xpu_backend_entry"));
  const xpu_backend* backend = nullptr;
  EXPECT_EQ(entry(collector.host(), &backend), XPU_OK);
  EXPECT_STREQ(backend->name, "amd");
  void* self = nullptr;
  EXPECT_EQ(backend->open(collector.host(), &self), XPU_OK);
  collector.begin_call();
  collector.describing(true);
  out.status = backend->describe(self);
  collector.describing(false);
  out.error = collector.error();
  backend->close(self);
  out.catalog = collector.take();
  out.log = lines_of(log);
  ::close(log);
  out.catalog.backend = "amd";
  out.catalog.abi = "1.0";
  try {
    validate(out.catalog);
  } catch (const Error& error) {
    ADD_FAILURE() << error.what();
  }
  return out;
}

}  // namespace xpu::test
