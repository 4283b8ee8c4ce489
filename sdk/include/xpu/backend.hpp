// SPDX-License-Identifier: Apache-2.0
//
// A thin C++ layer (C++17 or later, header only) over the C ABI of backend.h. A backend is a class:
//
//   class Acme : public xpu::sdk::Backend {
//     void describe(xpu::sdk::Sink& sink) override {
//       if (!driver_is_loaded()) {
//         throw xpu::sdk::Absent("the acme driver is not loaded");
//       }
//       xpu::sdk::Device device;
//       device.vendor = "acme";
//       device.index = "0";
//       device.name = "Acme One";
//       sink.device(device);
//       sink.node(xpu::sdk::with(device), {"/dev/acme0", "/dev/acme0"});
//     }
//   };
//   XPU_BACKEND(Acme, "acme", "1.0")
//
// No exception leaves the library: the layer turns each into a status and a text for the host.
// Rules for threads and for the process are those of backend.h.
#ifndef XPU_BACKEND_HPP
#define XPU_BACKEND_HPP

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend.h"

namespace xpu::sdk {

// What describe() may throw. Every other exception means XPU_FAILED with its what().

// XPU_ABSENT: no such hardware, or its driver is not loaded. The text says which of the two.
class Absent : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// XPU_INVALID: an option's value or a file it names is not valid.
class Invalid : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The host refused an item. It has kept the reason; uncaught, that reason is what the user sees.
class Rejected : public std::runtime_error {
 public:
  Rejected(xpu_status status, const std::string& item)
      : std::runtime_error("the host refused " + item), status_(status) {}
  xpu_status status() const { return status_; }

 private:
  xpu_status status_;
};

enum class Kind : std::uint32_t {
  kGpu = XPU_KIND_GPU,
  kPartition = XPU_KIND_PARTITION,
  kNpu = XPU_KIND_NPU,
  kAccelerator = XPU_KIND_ACCELERATOR,
};

// Fields as in xpu_device; "" is unknown.
struct Device {
  std::string vendor;
  std::string index;
  std::string uuid;
  std::string name;
  Kind kind = Kind::kGpu;
  std::uint64_t memory_bytes = 0;
  std::string architecture;
  std::string driver;
  std::string pci;
  std::int32_t numa_node = -1;
  std::string parent;
  bool in_all = true;
  bool available = true;
  std::string reason;  // why not available
};

// As in xpu_scope; several capabilities are separated by ','. Made by the functions below.
struct Scope {
  std::string vendor;
  std::string device;
  std::string capability;
  std::string item{};
  std::string image_lacks{};

  // The same, only where the image has none of `names`.
  Scope unless_image_has(std::string names) const {
    Scope out = *this;
    out.image_lacks = std::move(names);
    return out;
  }
};

inline Scope always() {
  return {};
}
inline Scope with_capability(std::string capability) {
  return {"", "", std::move(capability)};
}
inline Scope with(const Device& device) {
  return {device.vendor, device.index, ""};
}
inline Scope with(const Device& device, std::string capability) {
  return {device.vendor, device.index, std::move(capability)};
}

// One element of a feature that is asked for by a list.
inline Scope with_item(std::string feature, std::string item) {
  return {"", "", std::move(feature), std::move(item)};
}

struct Node {
  std::string host_path;
  std::string container_path;
};

enum class FileKind : std::uint32_t {
  kLibrary = XPU_FILE_LIBRARY,
  kBinary = XPU_FILE_BINARY,
  kData = XPU_FILE_DATA,
  kSocket = XPU_FILE_SOCKET,
  kDirectory = XPU_FILE_DIRECTORY,
};

// Fields as in xpu_file.
struct File {
  FileKind kind = FileKind::kData;
  std::string host_path;
  std::string container_path;
  std::string soname;
  std::string architecture;
  std::vector<std::string> links;
};

// As XPU_COMBINE_*.
enum class Combine : std::uint32_t {
  kList = XPU_COMBINE_LIST,
  kBits = XPU_COMBINE_BITS,
};

enum class Severity : std::int32_t {
  kDebug = XPU_LOG_DEBUG,
  kInfo = XPU_LOG_INFO,
  kWarn = XPU_LOG_WARN,
  kError = XPU_LOG_ERROR,
};

namespace detail {

// What the host shows to a person is one line.
inline std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\r', ' ');
  return text;
}

inline std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    out.append(out.empty() ? "" : ",").append(part);
  }
  return out;
}

}  // namespace detail

// Where a description goes. Each function throws Rejected when the host refuses the item; catch it
// to leave the item out and go on.
class Sink {
 public:
  explicit Sink(const xpu_host* host) : host_(host) {}

  // The value in force of an option that the manifest declares; Invalid for any other name.
  std::string option(const std::string& name) const {
    const char* value = host_->option(host_->ctx, name.c_str());
    if (value == nullptr) {
      throw Invalid("option " + name + " is not declared in the manifest");
    }
    return value;
  }

  void log(Severity severity, const std::string& text) const {
    host_->log(host_->ctx, static_cast<std::int32_t>(severity), detail::one_line(text).c_str());
  }

  void capability(const std::string& name) {
    check(host_->emit_capability(host_->ctx, name.c_str()), "capability " + name);
  }

  void device(const Device& device) {
    xpu_device out{};
    out.struct_size = sizeof out;
    out.kind = static_cast<std::uint32_t>(device.kind);
    out.flags = (device.in_all ? 0 : XPU_DEVICE_NOT_IN_ALL) |
                (device.available ? 0 : XPU_DEVICE_UNAVAILABLE);
    out.numa_node = device.numa_node;
    out.memory_bytes = device.memory_bytes;
    out.vendor = device.vendor.c_str();
    out.index = device.index.c_str();
    out.uuid = device.uuid.c_str();
    out.name = device.name.c_str();
    out.architecture = device.architecture.c_str();
    out.driver = device.driver.c_str();
    out.pci = device.pci.c_str();
    out.parent = device.parent.c_str();
    out.reason = device.reason.c_str();
    check(host_->emit_device(host_->ctx, &out), "device " + id_of(device));
  }

  void alias(const Device& device, const std::string& name) {
    check(host_->emit_alias(host_->ctx, device.vendor.c_str(), device.index.c_str(), name.c_str()),
          "alias " + name + " of " + id_of(device));
  }

  // A fact about one device, or about this backend.
  void property(const Device& device, const std::string& key, const std::string& value) {
    check(host_->emit_property(host_->ctx, device.vendor.c_str(), device.index.c_str(), key.c_str(),
                               value.c_str()),
          "property " + key + " of " + id_of(device));
  }
  void property(const std::string& key, const std::string& value) {
    check(host_->emit_property(host_->ctx, "", "", key.c_str(), value.c_str()), "property " + key);
  }

  void interconnect(const Device& device, const Device& peer, const std::string& type,
                    std::uint32_t weight) {
    check(host_->emit_interconnect(host_->ctx, device.vendor.c_str(), device.index.c_str(),
                                   peer.vendor.c_str(), peer.index.c_str(), type.c_str(), weight),
          "interconnect of " + id_of(device) + " and " + id_of(peer));
  }

  void node(const Scope& scope, const Node& node) {
    const xpu_scope where = to_c(scope);
    xpu_node out{};
    out.struct_size = sizeof out;
    out.host_path = node.host_path.c_str();
    out.container_path = node.container_path.c_str();
    check(host_->emit_node(host_->ctx, &where, &out), "device node " + node.host_path);
  }

  void file(const Scope& scope, const File& file) {
    const xpu_scope where = to_c(scope);
    const std::string links = detail::joined(file.links);
    xpu_file out{};
    out.struct_size = sizeof out;
    out.kind = static_cast<std::uint32_t>(file.kind);
    out.host_path = file.host_path.c_str();
    out.container_path = file.container_path.c_str();
    out.soname = file.soname.c_str();
    out.architecture = file.architecture.c_str();
    out.links = links.c_str();
    check(host_->emit_file(host_->ctx, &where, &out), "file " + file.host_path);
  }

  void env(const Scope& scope, const std::string& name, const std::string& value) {
    env(scope, name, value, 0);
  }
  // ${name} in `value` stands for what the values of that name come to.
  void expanded_env(const Scope& scope, const std::string& name, const std::string& value) {
    env(scope, name, value, XPU_EXPAND);
  }

  void value(const Scope& scope, Combine combine, const std::string& name,
             const std::string& value) {
    const xpu_scope where = to_c(scope);
    xpu_value out{};
    out.struct_size = sizeof out;
    out.combine = static_cast<std::uint32_t>(combine);
    out.name = name.c_str();
    out.value = value.c_str();
    check(host_->emit_value(host_->ctx, &where, &out), "value " + name);
  }

  // A generated file.
  void text(const Scope& scope, const std::string& path, const std::string& content) {
    text(scope, path, content, 0);
  }
  void expanded_text(const Scope& scope, const std::string& path, const std::string& content) {
    text(scope, path, content, XPU_EXPAND);
  }

  void note(const Scope& scope, Severity severity, const std::string& words) {
    const xpu_scope where = to_c(scope);
    const std::string line = detail::one_line(words);
    xpu_note out{};
    out.struct_size = sizeof out;
    out.severity = static_cast<std::int32_t>(severity);
    out.text = line.c_str();
    check(host_->emit_note(host_->ctx, &where, &out), "note \"" + line + "\"");
  }

  // As xpu_image_folder.
  void image_folder(const Scope& scope, const std::string& folder, const std::string& library,
                    const std::string& version) {
    const xpu_scope where = to_c(scope);
    xpu_image_folder out{};
    out.struct_size = sizeof out;
    out.folder = folder.c_str();
    out.library = library.c_str();
    out.version = version.c_str();
    check(host_->emit_image_folder(host_->ctx, &where, &out), "image folder " + folder);
  }

  void link(const Scope& scope, const std::string& path, const std::string& target) {
    const xpu_scope where = to_c(scope);
    xpu_link out{};
    out.struct_size = sizeof out;
    out.path = path.c_str();
    out.target = target.c_str();
    check(host_->emit_link(host_->ctx, &where, &out), "link " + path);
  }

  // The description holds until one of these changes. Emit them first: they also say when to look
  // again after Absent or a failure.
  void valid_while_same(const std::string& file) { condition(XPU_VALID_STAT, file, 0); }
  void valid_while_listing(const std::string& folder) { condition(XPU_VALID_LISTING, folder, 0); }
  void valid_while_content(const std::string& file) { condition(XPU_VALID_CONTENT, file, 0); }
  void valid_for_seconds(std::uint64_t seconds) { condition(XPU_VALID_SECONDS, "", seconds); }

 private:
  void env(const Scope& scope, const std::string& name, const std::string& value,
           std::uint32_t flags) {
    const xpu_scope where = to_c(scope);
    xpu_env out{};
    out.struct_size = sizeof out;
    out.flags = flags;
    out.name = name.c_str();
    out.value = value.c_str();
    check(host_->emit_env(host_->ctx, &where, &out), "environment variable " + name);
  }

  void text(const Scope& scope, const std::string& path, const std::string& content,
            std::uint32_t flags) {
    const xpu_scope where = to_c(scope);
    xpu_text out{};
    out.struct_size = sizeof out;
    out.flags = flags;
    out.path = path.c_str();
    out.content = content.c_str();
    check(host_->emit_text(host_->ctx, &where, &out), "generated file " + path);
  }

  static std::string id_of(const Device& device) { return device.vendor + ":" + device.index; }

  // Borrows from `scope`.
  static xpu_scope to_c(const Scope& scope) {
    xpu_scope out{};
    out.struct_size = sizeof out;
    out.vendor = scope.vendor.c_str();
    out.device = scope.device.c_str();
    out.capability = scope.capability.c_str();
    out.item = scope.item.c_str();
    out.image_lacks = scope.image_lacks.c_str();
    return out;
  }

  void condition(std::uint32_t kind, const std::string& path, std::uint64_t seconds) {
    xpu_condition out{};
    out.struct_size = sizeof out;
    out.kind = kind;
    out.path = path.c_str();
    out.seconds = seconds;
    check(host_->emit_condition(host_->ctx, &out), "validity condition " + path);
  }

  static void check(xpu_status status, const std::string& item) {
    if (status != XPU_OK) {
      throw Rejected(status, item);
    }
  }

  const xpu_host* host_;
};

// The class to derive from; it needs a default constructor. One object is made per process and
// describe() is called on it once.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  virtual void describe(Sink& sink) = 0;
  // See xpu_backend.extension.
  virtual const void* extension(std::string_view /*id*/) { return nullptr; }
};

namespace detail {

struct Instance {
  const xpu_host* host;
  std::unique_ptr<Backend> backend;
};

inline xpu_status report(const xpu_host* host, xpu_status status, const char* text) noexcept {
  try {
    host->set_error(host->ctx, status, one_line(text).c_str());
  } catch (...) {  // no memory left for a copy of the text
    host->set_error(host->ctx, status, "out of memory");
  }
  return status;
}

// Runs `action`, which may throw, and says in C what came of it.
template <class Action>
xpu_status guarded(const xpu_host* host, Action action) noexcept {
  try {
    action();
    return XPU_OK;
  } catch (const Rejected& error) {
    return error.status();
  } catch (const Absent& error) {
    return report(host, XPU_ABSENT, error.what());
  } catch (const Invalid& error) {
    return report(host, XPU_INVALID, error.what());
  } catch (const std::bad_alloc&) {
    return report(host, XPU_NO_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return report(host, XPU_FAILED, error.what());
  } catch (...) {
    return report(host, XPU_FAILED, "unknown exception");
  }
}

template <class Class>
xpu_status open(const xpu_host* host, void** self) noexcept {
  return guarded(host, [host, self] {
    auto instance = std::make_unique<Instance>();
    instance->host = host;
    instance->backend = std::make_unique<Class>();
    *self = instance.release();
  });
}

inline xpu_status describe(void* self) noexcept {
  Instance& instance = *static_cast<Instance*>(self);
  return guarded(instance.host, [&instance] {
    Sink sink(instance.host);
    instance.backend->describe(sink);
  });
}

inline void close(void* self) noexcept {
  delete static_cast<Instance*>(self);
}

inline const void* extension(void* self, const char* id) noexcept {
  try {
    return static_cast<Instance*>(self)->backend->extension(id);
  } catch (...) {
    return nullptr;
  }
}

template <class Class>
constexpr xpu_backend table(const char* name, const char* version) {
  return {sizeof(xpu_backend), XPU_ABI_MAJOR, XPU_ABI_MINOR, 0,         name, version,
          &open<Class>,        &describe,     &close,        &extension};
}

constexpr bool not_newer(std::uint32_t major, std::uint32_t minor, std::uint32_t than_major,
                         std::uint32_t than_minor) {
  return major < than_major || (major == than_major && minor <= than_minor);
}

inline xpu_status enter(const xpu_backend* table, const xpu_host* host,
                        const xpu_backend** out) noexcept {
  if (host == nullptr || out == nullptr) {
    return XPU_INVALID;
  }
  *out = nullptr;
  // A shorter table lacks functions of this version: nothing beyond the size may be read.
  if (host->struct_size < sizeof(xpu_host)) {
    return XPU_UNSUPPORTED;
  }
  if (!not_newer(host->oldest_major, host->oldest_minor, XPU_ABI_MAJOR, XPU_ABI_MINOR) ||
      !not_newer(XPU_ABI_MAJOR, XPU_ABI_MINOR, host->abi_major, host->abi_minor)) {
    return XPU_UNSUPPORTED;
  }
  *out = table;
  return XPU_OK;
}

}  // namespace detail
}  // namespace xpu::sdk

// Defines the library's one exported symbol. Once per library, outside of any namespace.
#define XPU_BACKEND(Class, backend_name, backend_version)                       \
  extern "C" XPU_EXPORT xpu_status xpu_backend_entry(const xpu_host* host,      \
                                                     const xpu_backend** out) { \
    static constexpr xpu_backend table =                                        \
        ::xpu::sdk::detail::table<Class>(backend_name, backend_version);        \
    return ::xpu::sdk::detail::enter(&table, host, out);                        \
  }

#endif  // XPU_BACKEND_HPP
