// SPDX-License-Identifier: Apache-2.0
#include "core/engine/files.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/file.h"

namespace xpu::engine_files {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

// The part of a root file system's path before the folder of the storage driver; "" for another.
std::string data_root(const std::string& rootfs) {
  constexpr std::array<std::string_view, 7> kDrivers = {
      "/overlay2/",         "/vfs/dir/",   "/rootfs/overlayfs/", "/fuse-overlayfs/",
      "/btrfs/subvolumes/", "/zfs/graph/", "/rootfs/native/"};
  for (const std::string_view driver : kDrivers) {
    const std::size_t at = rootfs.rfind(driver);
    if (at != std::string::npos) {
      return rootfs.substr(0, at);
    }
  }
  return "";
}

// Members of one object of a document, by name; "" and nothing where there are none.
class Members {
 public:
  Members(std::string_view text, const json::Value& object, const std::string& source)
      : text_(text), source_(source), members_(json::members(text, object)) {}

  std::string string(std::string_view key) const {
    const std::optional<json::Value> value = json::find(members_, key, source_);
    return value ? json::as_string(*value).value_or("") : "";
  }
  Members object(std::string_view key) const {
    const std::optional<json::Value> value = json::find(members_, key, source_);
    return value ? Members(text_, *value, source_) : Members("{}", json::root("{}"), source_);
  }
  std::string first_of(std::string_view key) const {
    const std::optional<json::Value> value = json::find(members_, key, source_);
    const std::vector<json::Value> items =
        value ? json::elements(text_, *value) : std::vector<json::Value>();
    return items.empty() ? "" : json::as_string(items.front()).value_or("");
  }
  Labels strings() const {
    Labels out;
    for (const json::Member& member : members_) {
      out.emplace_back(json::as_string(member.key).value_or(""),
                       json::as_string(member.value).value_or(""));
    }
    return out;
  }

 private:
  std::string_view text_;
  const std::string& source_;
  std::vector<json::Member> members_;
};

// The object that begins with that id in an array of thousands; "" when there is none. What comes
// back is valid JSON, whatever the rest is.
std::string object_of(const std::string& text, const std::string& id, const std::string& source) {
  const std::size_t at = text.find(cat("{\"id\":", json::quote(id)));
  if (at == std::string::npos) {
    return "";
  }
  const std::string_view rest = std::string_view(text).substr(at);
  const std::vector<json::Member> members = json::members(rest, {rest, 0});
  std::string object(rest.substr(0, std::min(members.back().value.end() + 1, rest.size())));
  json::validate(object, source);
  return object;
}

// "metadata" is JSON in a string.
void read_podman(const std::string& object, const std::string& source, Origin& origin) {
  const Members container(object, json::root(object), source);
  origin.name = container.first_of("names");
  const std::string metadata = container.string("metadata");
  if (!metadata.empty()) {
    json::validate(metadata, source);
    origin.image = Members(metadata, json::root(metadata), source).string("image-name");
  }
}

}  // namespace

void ask_docker(const std::string& rootfs, const std::string& id, Origin& origin, Labels* labels) {
  const std::string root = data_root(rootfs);
  if (root.empty()) {
    return;
  }
  const std::string path = cat(root, "/containers/", id, "/config.v2.json");
  const std::optional<std::string> text = read_file_if_present(path, kMaxBytes);
  if (!text) {
    return;
  }
  json::validate(*text, path);
  const Members top(*text, json::root(*text), path);
  origin.name = top.string("Name");
  origin.name.erase(0, origin.name.starts_with('/') ? 1 : 0);
  const Members config = top.object("Config");
  origin.image = config.string("Image");
  if (labels != nullptr) {
    *labels = config.object("Labels").strings();
  }
}

void ask_podman(const std::string& bundle, const std::string& id, Origin& origin) {
  constexpr std::string_view kEnd = "/userdata";
  const std::string tail = cat('/', id, kEnd);
  if (!bundle.ends_with(tail)) {
    return;
  }
  const std::string folder = bundle.substr(0, bundle.size() - tail.size());
  // The second holds those that go away by themselves.
  for (const std::string_view name : {"containers.json", "volatile-containers.json"}) {
    const std::string path = cat(folder, '/', name);
    const std::optional<std::string> text = read_file_if_present(path, kMaxBytes);
    const std::string object = text ? object_of(*text, id, path) : "";
    if (!object.empty()) {
      read_podman(object, path, origin);
      return;
    }
  }
}

}  // namespace xpu::engine_files
