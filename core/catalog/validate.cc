// SPDX-License-Identifier: Apache-2.0
// What a backend said is not believed before it went through here.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/base/error.h"
#include "core/catalog/catalog.h"
#include "core/catalog/conditions.h"
#include "core/catalog/grammar.h"
#include "core/catalog/limits.h"

namespace xpu {
namespace {

using Key = std::pair<std::string_view, std::string_view>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

// Text of the untrusted side, made fit for a message.
std::string shown(const std::string& text) {
  std::string out = "\"";
  for (char c : text.substr(0, 80)) {
    const unsigned char byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte >= 0x7f ? '?' : c;
  }
  return out + (text.size() > 80 ? "...\"" : "\"");
}

class Validator {
 public:
  explicit Validator(const Catalog& catalog) : catalog_(catalog) {}

  void run() {
    if (!grammar::is_name(catalog_.backend)) {
      fail("a description names its backend ", shown(catalog_.backend),
           "; a name is [a-z][a-z0-9-]*, at most 32 characters");
    }
    text("its version", catalog_.version);
    text("its reason", catalog_.reason);
    counts();
    for (const std::string& capability : catalog_.capabilities) {
      check(grammar::is_name(capability), "capability ", shown(capability), " is not a name");
      check(capabilities_.insert(capability).second, "capability ", capability, " is there twice");
    }
    properties("the backend", catalog_.properties);
    for (const Device& device : catalog_.devices) {
      check_device(device);
    }
    check_names();
    for (const Interconnect& link : catalog_.interconnects) {
      check(known(link.device) && known(link.peer), "a connection of ", shown(link.device), " and ",
            shown(link.peer), " names a device that was not described");
      check(link.device != link.peer, "device ", link.device, " is connected to itself");
      check(grammar::is_name(link.type), "the connection type ", shown(link.type),
            " is not a name");
    }
    collect_values();
    for (const EditGroup& group : catalog_.edits) {
      check_edits(group);
    }
    for (const Condition& condition : catalog_.conditions) {
      check_condition(condition);
    }
  }

 private:
  template <class... Parts>
  void check(bool good, const Parts&... parts) const {
    if (!good) {
      fail("backend ", catalog_.backend, ": ", parts...);
    }
  }

  void text(const std::string& what, const std::string& value,
            std::size_t limit = limits::kText) const {
    check(grammar::is_text(value, limit), what, " ", shown(value),
          " is too long, not UTF-8 or has control characters");
  }

  void absolute(const std::string& what, const std::string& path) const {
    check(grammar::is_clean_absolute(path), what, " ", shown(path),
          " is not an absolute path without \"..\", \".\" and double slashes");
  }

  void count(const char* what, std::size_t number, std::size_t limit) const {
    check(number <= limit, "describes ", number, " ", what, "; at most ", limit, " are accepted");
  }

  void counts() const {
    count("devices", catalog_.devices.size(), limits::kDevices);
    count("connections", catalog_.interconnects.size(), limits::kInterconnects);
    count("capabilities", catalog_.capabilities.size(), limits::kCapabilities);
    count("conditions", catalog_.conditions.size(), limits::kConditions);
    std::size_t edits = catalog_.edits.size();
    for (const EditGroup& group : catalog_.edits) {
      edits += group.nodes.size() + group.files.size() + group.env.size() + group.links.size() +
               group.values.size() + group.texts.size() + group.notes.size() +
               group.image_folders.size();
    }
    count("edits", edits, 2 * limits::kEdits);
  }

  void properties(const std::string& of, const Pairs& pairs) const {
    count("properties of one device", pairs.size(), limits::kProperties);
    std::set<std::string_view> keys;
    for (const auto& [key, value] : pairs) {
      check(grammar::is_property(key), "property ", shown(key), " of ", of, " is not a key");
      check(keys.insert(key).second, "property ", key, " of ", of, " is there twice");
      text(cat("property ", key, " of ", of), value);
    }
  }

  bool known(const std::string& id) const { return devices_.count(id) != 0; }

  void check_device(const Device& device) {
    check(grammar::is_name(device.vendor), "the vendor ", shown(device.vendor),
          " of a device is not [a-z][a-z0-9-]* of at most 32 characters");
    check(grammar::is_index(device.index), "the index ", shown(device.index), " of a device of ",
          device.vendor, " is not digits and ':'");
    const std::string what = cat("device ", device.vendor, ":", device.index);
    check(device.id == cat(device.vendor, ":", device.index), what, " has the id ",
          shown(device.id));
    check(devices_.emplace(device.id, &device).second, what, " is described twice");
    text(what + ": the name", device.name);
    check(!device.name.empty(), what, " has no name");
    text(what + ": the UUID", device.uuid);
    text(what + ": the architecture", device.architecture);
    text(what + ": the driver version", device.driver);
    text(what + ": the reason", device.reason);
    check(device.available || !device.reason.empty(), what, " is not available without a reason");
    check(device.numa_node >= -1, what, " has the NUMA node ", device.numa_node);
    check(device.pci.empty() || is_pci(device.pci), what, " has the PCI address ",
          shown(device.pci), "; a lower-case address such as 0000:65:00.0 is wanted");
    check(device.parent.empty() || (device.parent != device.id && known(device.parent)), what,
          " has the parent ", shown(device.parent), ", which was not described before it");
    if (!device.parent.empty()) {
      const Device& whole = *devices_.at(device.parent);
      check(whole.parent.empty(), what, " has the parent ", device.parent, ", which is a part of ",
            whole.parent, "; name the whole device instead");
    }
    check(device.kind != DeviceKind::kPartition || !device.parent.empty(), what,
          " is a partition without a parent");
    count("aliases of one device", device.aliases.size(), limits::kAliases);
    for (const std::string& alias : device.aliases) {
      check_alias(what, alias);
    }
    properties(what, device.properties);
  }

  static bool is_pci(std::string_view text) {
    // DDDD[DDDD]:BB:SS.F
    if (text.size() < 12 || text.size() > 16) {
      return false;
    }
    const std::size_t domain = text.size() - 8;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
      const char wanted = i == domain || i == domain + 3 ? ':' : i == domain + 6 ? '.' : 'x';
      if (wanted == 'x' ? !hex : text[i] != wanted) {
        return false;
      }
    }
    return text.back() <= '7';
  }

  void check_alias(const std::string& what, const std::string& alias) const {
    text(what + ": the alias", alias);
    check(!alias.empty() && alias.find_first_of(", ") == std::string::npos, what, " has the alias ",
          shown(alias), "; an alias has no comma and no space");
    check(alias != "all" && alias != "none" && alias != "void", what, " has the alias ", alias,
          ", which requests use for something else");
  }

  // A name that leads to two devices would hand out the wrong one.
  void check_names() const {
    std::map<std::string_view, const Device*> names;
    std::map<Key, const Device*> indices;
    const auto claim = [&](const Device& device, const std::string& name) {
      const auto [at, is_new] = names.emplace(name, &device);
      check(is_new || at->second == &device, "the name ", shown(name), " leads to device ",
            at->second->id, " and to device ", device.id);
    };
    for (const Device& device : catalog_.devices) {
      claim(device, device.id);
      if (!device.uuid.empty()) {
        claim(device, device.uuid);
      }
      indices.emplace(Key(device.vendor, device.index), &device);
    }
    for (const Device& device : catalog_.devices) {
      for (const std::string& alias : device.aliases) {
        claim(device, alias);
        const auto at = indices.find(Key(device.vendor, alias));
        check(at == indices.end() || at->second == &device, "the alias ", shown(alias),
              " of device ", device.id, " is the index of another device");
      }
    }
  }

  // One name is combined in one way, wherever it is given.
  void collect_values() {
    for (const EditGroup& group : catalog_.edits) {
      for (const Value& value : group.values) {
        check(grammar::is_name(value.name), "the value ", shown(value.name), " is not a name");
        const auto [at, is_new] = values_.emplace(value.name, value.combine);
        check(is_new || at->second == value.combine, "the value ", value.name,
              " is combined in two ways, as a list and as bits");
        const std::string what = cat("the value ", value.name, ",");
        text(what, value.value);
        check(value.combine == Combine::kBits || value.value.find(',') == std::string::npos, what,
              " ", shown(value.value), " has a comma");
        check(value.combine == Combine::kList || is_bit(value.value), what, " ", shown(value.value),
              " is not the number of a bit, 0 to 63");
      }
    }
  }

  static bool is_bit(std::string_view text) {
    unsigned bit = 64;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), bit);
    return error == std::errc() && stop == text.data() + text.size() && bit < 64;
  }

  void check_expansion(const std::string& what, const std::string& content) const {
    const std::optional<std::vector<grammar::Piece>> pieces = grammar::pieces(content);
    check(pieces.has_value(), what, " has a '$' that is neither \"${NAME}\" nor \"$$\"");
    for (const grammar::Piece& piece : *pieces) {
      check(!piece.is_value || values_.count(piece.text) != 0, what, " names the value ",
            piece.text, ", which is given nowhere");
    }
  }

  void check_scope(const Scope& scope) const {
    check(scope.device.empty() || known(scope.device), "an edit is for the device ",
          shown(scope.device), ", which was not described");
    const std::vector<std::string> capabilities = grammar::split(scope.capability);
    for (const std::string& capability : capabilities) {
      check(capabilities_.count(capability) != 0, "an edit is for the capability ",
            shown(capability), ", which was not declared");
    }
    if (!scope.item.empty()) {
      check(grammar::is_item(scope.item), "an edit is for the item ", shown(scope.item),
            ", which is not [A-Za-z0-9][A-Za-z0-9._-]* of at most 32 characters");
      check(capabilities.size() == 1, "an edit is for the item ", scope.item, " of ",
            capabilities.size(), " capabilities; an item belongs to one");
    }
    text("the names that an image lacks,", scope.image_lacks);
    for (const std::string& name : grammar::split(scope.image_lacks)) {
      check(name.starts_with('/') ? grammar::is_clean_absolute(name) : grammar::is_file_name(name),
            "an edit is for images that lack ", shown(name),
            ", which is neither the name of a library nor an absolute path");
    }
  }

  void check_edits(const EditGroup& group) const {
    check_scope(group.scope);
    const bool conditional = !group.scope.image_lacks.empty();
    check(!conditional || group.nodes.empty(), "a device node cannot depend on the image (",
          group.scope.image_lacks, ")");
    check(!conditional || group.values.empty(), "a value cannot depend on the image (",
          group.scope.image_lacks, ")");
    for (const Node& node : group.nodes) {
      check_node(node);
    }
    for (const File& file : group.files) {
      check_file(file);
    }
    for (const EnvVar& env : group.env) {
      check(grammar::is_variable(env.name), "the variable ", shown(env.name),
            " is not [A-Za-z_][A-Za-z0-9_]*");
      text(cat("the value of the variable ", env.name), env.value, limits::kEnvValue);
      if (env.expand) {
        check_expansion(cat("the variable ", env.name), env.value);
      }
    }
    for (const Link& link : group.links) {
      check_link(link);
    }
    for (const Text& item : group.texts) {
      check_text(item);
    }
    for (const Note& note : group.notes) {
      check(!note.text.empty(), "a note is empty");
      text("the note", note.text);
    }
    for (const ImageFolder& folder : group.image_folders) {
      check_image_folder(folder);
    }
  }

  void check_link(const Link& link) const {
    absolute("a link", link.path);
    text(cat("the target of the link ", link.path), link.target, limits::kPath);
    check(!link.target.empty(), "the link ", link.path, " has no target");
    const std::string folder = link.path.substr(0, link.path.rfind('/'));
    check(!is_system_folder(folder), "the link ", link.path, " is directly in ",
          folder.empty() ? "/" : folder,
          ", which a folder of links would hide; put it in a folder "
          "of its own");
  }

  void check_text(const Text& item) const {
    absolute("a generated file,", item.path);
    check(item.path.rfind("/proc/", 0) != 0, "the generated file ", item.path,
          " is below /proc, where nothing can be mounted");
    check(grammar::is_file_text(item.content, limits::kFileText), "the content of the file ",
          item.path, " is longer than ", limits::kFileText,
          " bytes, not UTF-8 or has control characters");
    if (item.expand) {
      check_expansion(cat("the generated file ", item.path), item.content);
    }
  }

  void check_image_folder(const ImageFolder& item) const {
    absolute("a folder of the image,", item.folder);
    check(grammar::is_file_name(item.library), "the folder ", item.folder, " is for the library ",
          shown(item.library), ", which is not the name of a file");
    check(grammar::is_version(item.version), "the folder ", item.folder, " has the version ",
          shown(item.version), "; digits and '.' are wanted");
  }

  void check_node(const Node& node) const {
    absolute("a device node on the host,", node.host_path);
    absolute("a device node in the container,", node.container_path);
    check(node.container_path.rfind("/dev/", 0) == 0, "the device node ", node.container_path,
          " is not below /dev");
    struct stat st;
    if (lstat(node.host_path.c_str(), &st) != 0) {
      fail_errno("backend ", catalog_.backend, ": the device node ", node.host_path);
    }
    const char type = S_ISCHR(st.st_mode) ? 'c' : S_ISBLK(st.st_mode) ? 'b' : '-';
    check(type != '-', node.host_path, " is not a device node");
    check(type == node.type && major(st.st_rdev) == node.major && minor(st.st_rdev) == node.minor,
          node.host_path, " is the node ", type, " ", major(st.st_rdev), ":", minor(st.st_rdev),
          ", described as ", std::string(1, node.type == 'b' ? 'b' : 'c'), " ", node.major, ":",
          node.minor);
  }

  void check_file(const File& file) const {
    absolute("a driver file on the host,", file.host_path);
    if (file.kind != FileKind::kLibrary) {
      absolute("a driver file in the container,", file.container_path);
      check(file.container_path.rfind("/proc/", 0) != 0, "the driver file ", file.container_path,
            " is below /proc, where nothing can be mounted");
      const bool folder = file.kind == FileKind::kDirectory || file.kind == FileKind::kSocket;
      check(!folder || !is_system_folder(file.container_path), "the driver folder ",
            file.container_path,
            " would hide a folder of the container's system; give a folder below "
            "it");
      return;
    }
    check(file.container_path.empty() || grammar::is_clean_relative(file.container_path),
          "the library ", file.host_path, " has the container path ", shown(file.container_path),
          "; \"\" or a relative path is wanted");
    check(grammar::is_file_name(file.soname), "the library ", file.host_path, " has the SONAME ",
          shown(file.soname));
    check(is_architecture(file.architecture), "the library ", file.host_path,
          " has the architecture ", shown(file.architecture), "; one such as x86_64 is wanted");
    count("names of one library", file.links.size(), limits::kFileLinks);
    for (const std::string& link : file.links) {
      check(grammar::is_file_name(link), "the library ", file.host_path, " has the further name ",
            shown(link));
    }
  }

  // "" is the root.
  static bool is_system_folder(std::string_view path) {
    static constexpr std::string_view kTop[] = {"bin", "boot", "dev",  "etc",  "home", "media",
                                                "mnt", "opt",  "proc", "root", "run",  "sbin",
                                                "srv", "sys",  "tmp",  "usr",  "var"};
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    if (path.starts_with("usr/") || path.starts_with("var/")) {
      path.remove_prefix(4);
      static constexpr std::string_view kBelow[] = {"include", "local", "share", "log", "cache"};
      if (std::find(std::begin(kBelow), std::end(kBelow), path) != std::end(kBelow)) {
        return true;
      }
    }
    const bool top = path.find('/') == std::string_view::npos;
    return path.empty() || (top && path.starts_with("lib")) ||
           std::find(std::begin(kTop), std::end(kTop), path) != std::end(kTop);
  }

  static bool is_architecture(std::string_view text) {
    for (char c : text) {
      if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') {
        return false;
      }
    }
    return !text.empty() && text.size() <= limits::kName;
  }

  void check_condition(const Condition& condition) const {
    if (condition.kind == ConditionKind::kSeconds) {
      std::uint64_t seconds = 0;
      const std::string& digits = condition.expected;
      const auto [stop, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
      check(error == std::errc() && stop == digits.data() + digits.size() && seconds >= 1 &&
                seconds <= limits::kSecondsToLive && condition.path.empty(),
            "a time to live of ", shown(condition.expected), " is not 1 to ",
            limits::kSecondsToLive, " seconds without a path");
      return;
    }
    absolute("the path of a condition,", condition.path);
    check(condition.kind != ConditionKind::kStat || !on_kernel_filesystem(condition.path),
          "a condition of kind stat for ", condition.path,
          ", which is on sysfs or procfs, where times mean nothing; use kind content or listing");
  }

  const Catalog& catalog_;
  std::map<std::string_view, const Device*> devices_;
  std::set<std::string_view> capabilities_;
  std::map<std::string_view, Combine> values_;
};

}  // namespace

void validate(const Catalog& catalog) {
  Validator(catalog).run();
}

}  // namespace xpu
