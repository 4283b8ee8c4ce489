// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/nvidia/recorder.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

namespace xpu::test {
namespace {

struct Recorder {
  std::map<std::string, std::string> values;  // of options
  Description out;
};

// The defaults of the manifest's [options].
std::map<std::string, std::string> declared_options() {
  std::map<std::string, std::string> values;
  std::ifstream manifest(XPU_SOURCE_DIR "/backends/nvidia/nvidia.toml");
  bool inside = false;
  for (std::string line; std::getline(manifest, line);) {
    if (line.substr(0, 1) == "[") {
      inside = line == "[options]";
    }
    const std::size_t at = line.find(" = \"");
    if (inside && line.substr(0, 1) != "#" && at != std::string::npos) {
      values[line.substr(0, at)] = line.substr(at + 4, line.size() - at - 5);
    }
  }
  return values;
}

Recorder& self(void* ctx) {
  return *static_cast<Recorder*>(ctx);
}

std::string scope_of(Recorder& recorder, const xpu_scope* scope) {
  const Description& out = recorder.out;
  std::string device = scope->device, capability = scope->capability;
  EXPECT_EQ(scope->struct_size, sizeof(xpu_scope));
  EXPECT_EQ(std::string(scope->vendor), device.empty() ? "" : "nvidia");
  EXPECT_TRUE(device.empty() || out.devices.count(device)) << "scope of unknown device " << device;
  std::istringstream capabilities(capability);
  for (std::string name; std::getline(capabilities, name, ',');) {
    EXPECT_TRUE(std::count(out.capabilities.begin(), out.capabilities.end(), name))
        << "scope of unknown capability " << name;
  }
  const std::string item = scope->item, lacks = scope->image_lacks;
  return device + "/" + capability + (item.empty() ? "" : "=" + item) +
         (lacks.empty() ? "" : "?" + lacks);
}

void expect_absolute(const std::string& path) {
  EXPECT_EQ(path.substr(0, 1), "/") << path;
  EXPECT_EQ(path.find("//"), std::string::npos) << path;
  EXPECT_EQ(path.find("/.."), std::string::npos) << path;
}

mode_t type_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_mode & S_IFMT : 0;
}

void on_error(void* ctx, xpu_status, const char* text) {
  self(ctx).out.error = text;
}
void on_log(void* ctx, std::int32_t, const char* text) {
  self(ctx).out.log.push_back(text);
}

const char* on_option(void* ctx, const char* name) {
  const auto& values = self(ctx).values;
  const auto found = values.find(name);
  return found == values.end() ? nullptr : found->second.c_str();
}

xpu_status on_device(void* ctx, const xpu_device* in) {
  EXPECT_EQ(in->struct_size, sizeof(xpu_device));
  EXPECT_STREQ(in->vendor, "nvidia");
  EXPECT_STRNE(in->name, "");
  EXPECT_EQ((in->flags & XPU_DEVICE_UNAVAILABLE) != 0, in->reason[0] != 0);
  auto& devices = self(ctx).out.devices;
  EXPECT_TRUE(in->parent[0] == 0 || devices.count(in->parent)) << "partition before its parent";
  Device device{
      in->kind,   in->flags, in->numa_node, in->memory_bytes, in->uuid, in->name, in->architecture,
      in->driver, in->pci,   in->parent,    in->reason,       {},       {}};
  EXPECT_TRUE(devices.emplace(in->index, device).second) << "device " << in->index << " twice";
  return XPU_OK;
}

xpu_status on_alias(void* ctx, const char*, const char* index, const char* alias) {
  Device& device = self(ctx).out.devices.at(index);
  EXPECT_NE(alias, device.uuid);
  EXPECT_NE(alias, device.pci);
  EXPECT_TRUE(device.aliases.insert(alias).second) << "alias " << alias << " twice";
  return XPU_OK;
}

xpu_status on_property(void* ctx, const char*, const char* index, const char* key,
                       const char* value) {
  Description& out = self(ctx).out;
  (index[0] ? out.devices.at(index).properties : out.properties)[key] = value;
  return XPU_OK;
}

xpu_status on_interconnect(void* ctx, const char*, const char* index, const char*, const char* peer,
                           const char* type, std::uint32_t weight) {
  self(ctx).out.interconnects.insert(std::string(index) + " " + peer + " " + type + " " +
                                     std::to_string(weight));
  return XPU_OK;
}

xpu_status on_node(void* ctx, const xpu_scope* scope, const xpu_node* node) {
  struct stat info {};
  EXPECT_EQ(lstat(node->host_path, &info), 0) << node->host_path;
  EXPECT_TRUE(S_ISCHR(info.st_mode)) << node->host_path << " is a link or no device";
  EXPECT_EQ(std::string(node->container_path).substr(0, 5), "/dev/");
  self(ctx).out.nodes[scope_of(self(ctx), scope)].insert(std::string(node->host_path) + " = " +
                                                         node->container_path);
  return XPU_OK;
}

xpu_status on_file(void* ctx, const xpu_scope* scope, const xpu_file* in) {
  File file{in->kind, in->host_path, in->container_path, in->soname, in->architecture, in->links};
  expect_absolute(file.host_path);
  EXPECT_NE(type_of(file.host_path), 0u) << file.host_path << " does not exist";
  if (file.kind == XPU_FILE_LIBRARY) {
    EXPECT_NE(file.soname, "");
    EXPECT_NE(file.architecture, "");
    EXPECT_NE(file.container_path.substr(0, 1), "/") << file.container_path;
  } else {
    expect_absolute(file.container_path);
  }
  self(ctx).out.files[scope_of(self(ctx), scope)].push_back(file);
  return XPU_OK;
}

xpu_status on_env(void* ctx, const xpu_scope* scope, const xpu_env* env) {
  const bool expand = (env->flags & XPU_EXPAND) != 0;
  EXPECT_TRUE(self(ctx)
                  .out.env[scope_of(self(ctx), scope)]
                  .insert(std::string(env->name) + (expand ? ":=" : "=") + env->value)
                  .second);
  return XPU_OK;
}

xpu_status on_link(void* ctx, const xpu_scope* scope, const xpu_link* link) {
  self(ctx).out.links[scope_of(self(ctx), scope)].insert(std::string(link->path) + " -> " +
                                                         link->target);
  return XPU_OK;
}

xpu_status on_condition(void* ctx, const xpu_condition* in) {
  auto& conditions = self(ctx).out.conditions;
  if (in->kind == XPU_VALID_SECONDS) {
    conditions.insert("seconds " + std::to_string(in->seconds));
    return XPU_OK;
  }
  static const std::map<std::uint32_t, std::string> names = {
      {XPU_VALID_STAT, "stat "}, {XPU_VALID_LISTING, "listing "}, {XPU_VALID_CONTENT, "content "}};
  const std::string path = in->path;
  expect_absolute(path);
  bool of_kernel =
      path.find("/proc/") != std::string::npos || path.find("/sys/") != std::string::npos;
  EXPECT_FALSE(of_kernel && in->kind == XPU_VALID_STAT) << path << ": times mean nothing there";
  // As the host takes it: what fails here fails the whole description.
  struct stat info {};
  const bool there = stat(path.c_str(), &info) == 0;
  EXPECT_TRUE(there || errno == ENOENT || errno == ENOTDIR) << path << ": " << strerror(errno);
  EXPECT_FALSE(in->kind == XPU_VALID_STAT && there &&
               (S_ISDIR(info.st_mode) || S_ISFIFO(info.st_mode)))
      << path << " is a folder or a pipe";
  EXPECT_TRUE(conditions.insert(names.at(in->kind) + path).second) << path << " twice";
  return XPU_OK;
}

xpu_status on_capability(void* ctx, const char* name) {
  self(ctx).out.capabilities.push_back(name);
  return XPU_OK;
}

xpu_status on_value(void* ctx, const xpu_scope* scope, const xpu_value* value) {
  const char* combine = value->combine == XPU_COMBINE_BITS ? " bits " : " list ";
  self(ctx).out.values[scope_of(self(ctx), scope)].insert(std::string(value->name) + combine +
                                                          value->value);
  return XPU_OK;
}

xpu_status on_text(void* ctx, const xpu_scope* scope, const xpu_text* text) {
  expect_absolute(text->path);
  self(ctx).out.texts[scope_of(self(ctx), scope)][text->path] = text->content;
  return XPU_OK;
}

xpu_status on_note(void* ctx, const xpu_scope* scope, const xpu_note* note) {
  self(ctx).out.notes[scope_of(self(ctx), scope)].insert(note->text);
  return XPU_OK;
}

xpu_status on_image_folder(void* ctx, const xpu_scope* scope, const xpu_image_folder* in) {
  expect_absolute(in->folder);
  self(ctx).out.image_folders[scope_of(self(ctx), scope)].insert(std::string(in->folder) + " " +
                                                                 in->library + " " + in->version);
  return XPU_OK;
}

}  // namespace

std::map<std::string, std::string> values_of(const Options& options) {
  std::map<std::string, std::string> values = declared_options();
  values["driver-root"] = options.driver_root;
  values["dev-root"] = options.dev_root;
  values["sys-root"] = options.sys_root;
  for (const auto& [name, value] : options.others) {
    EXPECT_TRUE(values.count(name)) << "the manifest declares no option " << name;
    values[name] = value;
  }
  return values;
}

Description describe(const Options& options) {
  Recorder recorder{values_of(options), {}};
  void* library = dlopen(XPU_NVIDIA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << dlerror();
  auto entry = reinterpret_cast<xpu_backend_entry_fn>(dlsym(library, XPU_BACKEND_ENTRY_SYMBOL));
  xpu_host host{sizeof(xpu_host), XPU_ABI_MAJOR,   XPU_ABI_MINOR,
                XPU_ABI_MAJOR,    XPU_ABI_MINOR,   0,
                &recorder,        on_error,        on_log,
                on_option,        on_device,       on_alias,
                on_property,      on_interconnect, on_node,
                on_file,          on_env,          on_link,
                on_condition,     on_capability,   on_value,
                on_text,          on_note,         on_image_folder};
  const xpu_backend* backend = nullptr;
  EXPECT_EQ(entry(&host, &backend), XPU_OK);
  EXPECT_STREQ(backend->name, "nvidia");
  void* instance = nullptr;
  EXPECT_EQ(backend->open(&host, &instance), XPU_OK);
  recorder.out.status = backend->describe(instance);
  backend->close(instance);
  return recorder.out;
}

Folder::Folder() {
  std::string name = testing::TempDir() + "xpu-nvidia-XXXXXX";
  if (!mkdtemp(name.data())) {
    throw std::runtime_error("cannot make " + name);
  }
  path_ = name;
}

Folder::~Folder() {
  std::filesystem::remove_all(path_);
}

namespace {
std::string fixture(const std::string& name) {
  const char* own = getenv("XPU_FIXTURES");
  std::string folder = std::string(own ? own : XPU_SOURCE_DIR "/../shared/fixtures") + "/" + name;
  return std::filesystem::exists(folder) ? folder : "";
}
}  // namespace

std::string listing(const std::string& name) {
  return fixture("driver-listings/" + name);
}

std::string lookup_fixture(const std::string& name) {
  return fixture("nvidia/nct-testdata-lookup/" + name);
}

Options below(const std::filesystem::path& root) {
  return {root.string(), root.string(), root.string(), {}};
}

}  // namespace xpu::test
