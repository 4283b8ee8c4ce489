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
      if (!line.empty() && line[0] != '#' && !add(line, base)) {
        out_.wrong.push_back(root_.host_path(file) + ":" + std::to_string(number) +
                             ": no \"dev, lib, sym or dir, absolute path\": " + line);
      }
    }
  }

 private:
  bool add(const std::string& line, bool base) {
    const std::size_t comma = line.find(',');
    if (comma == std::string::npos) {
      return false;
    }
    const auto kind = kind_of(sdk::trimmed(line.substr(0, comma)));
    const std::string path = sdk::trimmed(line.substr(comma + 1));
    if (!kind || path.empty() || path[0] != '/') {
      return false;
    }
    add_path({*kind, sdk::clean(path), base});
    return true;
  }

  void add_path(const MountSpec& spec) {
    const std::string name = sdk::base_name(spec.path);
    if (name.find('*') == std::string::npos) {
      add_one(spec);
      return;
    }
    const bool node = spec.kind == MountKind::kNode;
    const std::string folder = sdk::dir_name(spec.path);
    (node ? out_.node_folders : out_.folders).insert(folder);
    for (const std::string& entry : (node ? dev_root_ : root_).list(folder)) {
      if (fnmatch(name.c_str(), entry.c_str(), FNM_PERIOD) == 0) {
        add_one({spec.kind, sdk::join(folder, entry), spec.base});
      }
    }
  }

  void add_one(const MountSpec& spec) {
    if (seen_.insert(spec.path).second) {
      out_.specs.push_back(spec);
    }
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
