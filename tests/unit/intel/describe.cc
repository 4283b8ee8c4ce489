// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/intel/describe.h"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>

namespace xpu::test {
namespace {

struct Recorder {
  std::map<std::string, std::string> options;
  Description out;
};

Recorder& self(void* ctx) {
  return *static_cast<Recorder*>(ctx);
}

std::string id_of(const char* vendor, const char* index) {
  return std::string(vendor) + ":" + index;
}

std::string scope_of(Recorder& recorder, const xpu_scope* scope) {
  EXPECT_EQ(scope->struct_size, sizeof(xpu_scope));
  EXPECT_STREQ(scope->item, "");
  std::string text;
  if (scope->device[0] != 0) {
    text = id_of(scope->vendor, scope->device);
    EXPECT_EQ(recorder.out.devices.count(text), 1u) << "scope of unknown device " << text;
  }
  if (scope->capability[0] != 0) {
    const auto& known = recorder.out.capabilities;
    EXPECT_EQ(std::count(known.begin(), known.end(), scope->capability), 1) << scope->capability;
    text += std::string("/") + scope->capability;
  }
  return scope->image_lacks[0] != 0 ? text + "?" + scope->image_lacks : text;
}

void expect_absolute(const std::string& path) {
  EXPECT_EQ(path.substr(0, 1), "/") << path;
  EXPECT_EQ(path.find("//"), std::string::npos) << path;
  EXPECT_EQ(path.find("/.."), std::string::npos) << path;
}

// As a host takes texts, here of characters of one byte.
bool is_text(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 32 && c < 127; });
}

xpu_status on_device(void* ctx, const xpu_device* in) {
  auto& devices = self(ctx).out.devices;
  for (const char* text : {in->name, in->uuid, in->architecture, in->driver}) {
    if (!is_text(text)) {
      return XPU_INVALID;
    }
  }
  EXPECT_EQ(in->struct_size, sizeof(xpu_device));
  EXPECT_STRNE(in->name, "");
  EXPECT_EQ((in->flags & XPU_DEVICE_UNAVAILABLE) != 0, in->reason[0] != 0);
  EXPECT_TRUE(in->parent[0] == 0 || devices.count(id_of(in->vendor, in->parent)) == 1);
  const Device device{
      in->kind,   in->flags, in->numa_node, in->memory_bytes, in->uuid, in->name, in->architecture,
      in->driver, in->pci,   in->parent,    in->reason,       {},       {}};
  EXPECT_TRUE(devices.emplace(id_of(in->vendor, in->index), device).second) << in->index;
  return XPU_OK;
}

xpu_status on_alias(void* ctx, const char* vendor, const char* index, const char* alias) {
  Device& device = self(ctx).out.devices.at(id_of(vendor, index));
  EXPECT_NE(alias, device.uuid);
  EXPECT_NE(alias, device.pci);
  EXPECT_TRUE(device.aliases.insert(alias).second) << alias << " twice";
  return XPU_OK;
}

xpu_status on_property(void* ctx, const char* vendor, const char* index, const char* key,
                       const char* value) {
  Description& out = self(ctx).out;
  EXPECT_STRNE(value, "") << key;
  auto& to = vendor[0] != 0 ? out.devices.at(id_of(vendor, index)).properties : out.properties;
  EXPECT_TRUE(to.emplace(key, value).second) << key << " twice";
  return XPU_OK;
}

xpu_status on_node(void* ctx, const xpu_scope* scope, const xpu_node* node) {
  struct stat info {};
  EXPECT_EQ(lstat(node->host_path, &info), 0) << node->host_path;
  EXPECT_TRUE(S_ISCHR(info.st_mode)) << node->host_path;
  self(ctx).out.nodes[scope_of(self(ctx), scope)].insert(node->container_path);
  return XPU_OK;
}

xpu_status on_file(void* ctx, const xpu_scope* scope, const xpu_file* file) {
  struct stat info {};
  expect_absolute(file->host_path);
  EXPECT_EQ(stat(file->host_path, &info), 0) << file->host_path;
  EXPECT_EQ(S_ISDIR(info.st_mode), file->kind == XPU_FILE_DIRECTORY) << file->host_path;
  self(ctx).out.files[scope_of(self(ctx), scope)].insert(std::to_string(file->kind) + " " +
                                                         file->host_path + " " +
                                                         file->container_path + " " + file->soname);
  return XPU_OK;
}

xpu_status on_condition(void* ctx, const xpu_condition* in) {
  auto& conditions = self(ctx).out.conditions;
  if (conditions.size() >= 1024) {
    return XPU_NO_MEMORY;  // the limit of backend.h
  }
  if (in->kind == XPU_VALID_SECONDS) {
    conditions.insert("seconds " + std::to_string(in->seconds));
    return XPU_OK;
  }
  static const std::map<std::uint32_t, std::string> names = {
      {XPU_VALID_STAT, "stat "}, {XPU_VALID_LISTING, "listing "}, {XPU_VALID_CONTENT, "content "}};
  const std::string path = in->path;
  expect_absolute(path);
  EXPECT_FALSE(in->kind == XPU_VALID_STAT && path.find("/sys/") != std::string::npos)
      << path << ": times mean nothing there";
  conditions.insert(names.at(in->kind) + path);
  return XPU_OK;
}

xpu_host host_of(Recorder& recorder) {
  xpu_host host{};
  host.struct_size = sizeof host;
  host.abi_major = host.oldest_major = XPU_ABI_MAJOR;
  host.abi_minor = host.oldest_minor = XPU_ABI_MINOR;
  host.ctx = &recorder;
  host.set_error = [](void* ctx, xpu_status, const char* text) { self(ctx).out.error = text; };
  host.log = [](void* ctx, std::int32_t, const char* text) { self(ctx).out.log.push_back(text); };
  host.option = [](void* ctx, const char* name) -> const char* {
    const auto found = self(ctx).options.find(name);
    return found == self(ctx).options.end() ? nullptr : found->second.c_str();
  };
  host.emit_device = on_device;
  host.emit_alias = on_alias;
  host.emit_property = on_property;
  host.emit_interconnect = [](void*, const char*, const char*, const char*, const char*,
                              const char*, std::uint32_t) { return XPU_OK; };
  host.emit_node = on_node;
  host.emit_file = on_file;
  host.emit_condition = on_condition;
  host.emit_capability = [](void* ctx, const char* name) {
    self(ctx).out.capabilities.push_back(name);
    return XPU_OK;
  };
  host.emit_link = [](void* ctx, const xpu_scope* scope, const xpu_link* link) {
    self(ctx).out.links[scope_of(self(ctx), scope)].insert(std::string(link->path) + " -> " +
                                                           link->target);
    return XPU_OK;
  };
  host.emit_env = [](void* ctx, const xpu_scope* scope, const xpu_env* env) {
    self(ctx).out.env[scope_of(self(ctx), scope)].insert(
        env->name + std::string(env->flags == XPU_EXPAND ? ":=" : "=") + env->value);
    return XPU_OK;
  };
  host.emit_value = [](void* ctx, const xpu_scope* scope, const xpu_value* value) {
    EXPECT_EQ(value->combine, XPU_COMBINE_LIST);
    self(ctx).out.values[scope_of(self(ctx), scope)].insert(std::string(value->name) + "=" +
                                                            value->value);
    return XPU_OK;
  };
  host.emit_text = [](void* ctx, const xpu_scope* scope, const xpu_text* text) {
    self(ctx).out.texts[scope_of(self(ctx), scope)].insert(std::string(text->path) + "=" +
                                                           text->content);
    return XPU_OK;
  };
  host.emit_note = [](void* ctx, const xpu_scope* scope, const xpu_note* note) {
    EXPECT_EQ(note->severity, XPU_LOG_WARN);
    self(ctx).out.notes[scope_of(self(ctx), scope)].insert(note->text);
    return XPU_OK;
  };
  host.emit_image_folder = [](void*, const xpu_scope*, const xpu_image_folder*) {
    ADD_FAILURE() << "no image folder is expected";
    return XPU_OK;
  };
  return host;
}

}  // namespace

std::vector<std::string> Description::ids() const {
  std::vector<std::string> out;
  for (const auto& [id, device] : devices) {
    out.push_back(id);
  }
  return out;
}

Description describe(const std::string& root, const std::map<std::string, std::string>& options,
                     bool refuse_facts) {
  Recorder recorder{{{"driver-root", root},
                     {"dev-root", root},
                     {"sys-root", root},
                     {"inject-drivers", "never"},
                     {"oneapi-path", "/opt/intel/oneapi"},
                     {"health-failed", kHealthFailed},
                     {"health-degraded", kHealthDegraded},
                     {"reset-seconds", "60"},
                     {"sysman-metrics", "awake"}},
                    {}};
  for (const auto& [name, value] : options) {
    recorder.options[name] = value;
  }
  void* library = dlopen(XPU_INTEL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    ADD_FAILURE() << dlerror();
    return {};
  }
  auto entry = reinterpret_cast<xpu_backend_entry_fn>(dlsym(library, XPU_BACKEND_ENTRY_SYMBOL));
  xpu_host host = host_of(recorder);
  if (refuse_facts) {
    host.emit_alias = [](void*, const char*, const char*, const char*) { return XPU_INVALID; };
    host.emit_property = [](void*, const char* vendor, const char*, const char*, const char*) {
      return vendor[0] != 0 ? XPU_INVALID : XPU_OK;
    };
  }
  const xpu_backend* backend = nullptr;
  EXPECT_EQ(entry(&host, &backend), XPU_OK);
  EXPECT_STREQ(backend->name, "intel");
  void* instance = nullptr;
  EXPECT_EQ(backend->open(&host, &instance), XPU_OK);
  recorder.out.status = backend->describe(instance);
  backend->close(instance);
  return recorder.out;
}

}  // namespace xpu::test
