// SPDX-License-Identifier: Apache-2.0
#include "backends/nvidia/tegra_csv.h"

#include <fnmatch.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>

#include "sdk/helpers/path.h"

namespace xpu::nvidia {
namespace {

constexpr std::string_view kBaseFiles[] = {"l4t.csv", "drivers.csv", "devices.csv"};
constexpr std::size_t kMostBytes = 1 << 20;

bool is_base(const std::string& name) {
  return std::find(std::begin(kBaseFiles), std::end(kBaseFiles), name) != std::end(kBaseFiles);
}

std::optional<MountKind> kind_of(const std::string& word) {
  if (word == "dev") {
    return MountKind::kNode;
  }
  if (word == "lib") {
    return MountKind::kFile;
  }
  if (word == "sym") {
    return MountKind::kLink;
  }
  return word == "dir" ? std::optional(MountKind::kFolder) : std::nullopt;
}

// Where the host's own would hide what the container needs, or show all of the host.
bool is_containers_own(const std::string& path) {
  return path == "/" || path == "/dev" || path == "/proc" || sdk::starts_with(path, "/proc/");
}

class Reader {
 public:
  Reader(const sdk::Root& root, const sdk::Root& dev_root, MountSpecs& out)
      : root_(root), dev_root_(dev_root), out_(out) {}

  void read(const std::string& file, bool base) {
    const auto text = root_.read(file, kMostBytes);
    if (!text) {
      out_.wrong.push_back(root_.host_path(file) + " cannot be read");
      return;
    }
    out_.files.push_back(file);
    std::istringstream lines(*text);
    unsigned number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      line = sdk::trimmed(line);
      const std::string problem = line.empty() || line[0] == '#' ? "" : add(line, base);
      if (!problem.empty()) {
        out_.wrong.push_back(root_.host_path(file) + ":" + std::to_string(number) + ": " + problem +
                             ": " + line);
      }
    }
  }

 private:
  // What is wrong with the line; "" when it is taken.
  std::string add(const std::string& line, bool base) {
    const std::string wanted = "no \"dev, lib, sym or dir, absolute path\"";
    const std::size_t comma = line.find(',');
    if (comma == std::string::npos) {
      return wanted;
    }
    const auto kind = kind_of(sdk::trimmed(line.substr(0, comma)));
    const std::string written = sdk::trimmed(line.substr(comma + 1));
    if (!kind || written.empty() || written[0] != '/') {
      return wanted;
    }
    const std::string path = sdk::clean(written);
    if (*kind != MountKind::kNode && is_containers_own(path)) {
      return "a container has that place for itself";
    }
    for (const std::string& one : expanded(*kind == MountKind::kNode, path)) {
      if (seen_.insert(one).second) {
        out_.specs.push_back({*kind, one, base});
      }
    }
    return "";
  }

  // Places that wildcards stand for, in any part of the path.
  std::vector<std::string> expanded(bool node, const std::string& path) {
    constexpr const char* kWildcards = "*?[";
    if (path.find_first_of(kWildcards) == std::string::npos) {
      return {path};
    }
    const std::string name = sdk::base_name(path);
    std::vector<std::string> found;
    for (const std::string& folder : expanded(node, sdk::dir_name(path))) {
      if (name.find_first_of(kWildcards) == std::string::npos) {
        found.push_back(sdk::join(folder, name));
        continue;
      }
      (node ? out_.node_folders : out_.folders).insert(folder);
      for (const std::string& entry : (node ? dev_root_ : root_).list(folder)) {
        if (fnmatch(name.c_str(), entry.c_str(), FNM_PERIOD) == 0) {
          found.push_back(sdk::join(folder, entry));
        }
      }
    }
    return found;
  }

  const sdk::Root& root_;
  const sdk::Root& dev_root_;
  MountSpecs& out_;
  std::set<std::string> seen_;
};

}  // namespace

MountSpecs read_mount_specs(const sdk::Root& root, const sdk::Root& dev_root,
                            const std::string& folder) {
  MountSpecs out;
  Reader reader(root, dev_root, out);
  for (bool base : {true, false}) {
    for (const std::string& name : root.list(folder)) {
      if (sdk::ends_with(name, ".csv") && is_base(name) == base) {
        reader.read(sdk::join(folder, name), base);
      }
    }
  }
  return out;
}

std::vector<std::string> nvml_of_specs(const sdk::Root& root, const MountSpecs& specs) {
  std::vector<std::string> found;
  for (const MountSpec& spec : specs.specs) {
    const auto real =
        sdk::base_name(spec.path) == "libnvidia-ml.so.1" ? root.resolve(spec.path) : std::nullopt;
    if (real && root.is_file(*real)) {
      found.push_back(root.host_path(*real));
    }
  }
  return found;
}

}  // namespace xpu::nvidia
