// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/driver_tree/listing.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <stdexcept>

#include "tests/fakes/driver_tree/stub_elf.h"

namespace xpu::fakes {
namespace fs = std::filesystem;
namespace {

const std::string kMulti = "/usr/lib/x86_64-linux-gnu/";
const std::string kCurrentLibs = kMulti + "nvidia/current/";
const std::string kCurrentPrograms = "/usr/lib/nvidia/current/";

bool starts_with(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}
bool ends_with(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}
std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  for (std::size_t start = 0;;) {
    std::size_t end = text.find(by, start);
    parts.push_back(text.substr(start, end - start));
    if (end == std::string::npos) {
      return parts;
    }
    start = end + 1;
  }
}

std::vector<std::vector<std::string>> read_table(const fs::path& path) {
  std::ifstream in(path);
  if (!in) {
    throw std::runtime_error("cannot read " + path.string());
  }
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(in, line);  // names of the columns
  while (std::getline(in, line)) {
    rows.push_back(split(line, '\t'));
    rows.back().resize(std::max<std::size_t>(rows.back().size(), 5));
  }
  return rows;
}

struct Elf {
  std::string soname;
  std::vector<std::string> needed;
};

// Of what a library needs, the driver's own libraries and libc: the rest of a distribution may not
// be there. (Without libc, ldconfig files a 32-bit library under another ABI.)
std::map<std::string, Elf> read_elves(const fs::path& listing) {
  std::map<std::string, Elf> elves;
  std::set<std::string> sonames;
  for (const auto& row : read_table(listing / "MERGED-ELF.tsv")) {
    elves[row[0]] = {row[3], split(row[4], ',')};
    sonames.insert(row[3]);
  }
  sonames.insert("libc.so.6");
  for (auto& [path, elf] : elves) {
    std::erase_if(elf.needed, [&](const std::string& name) { return !sonames.count(name); });
  }
  return elves;
}

bool of_interest(const std::string& path) {
  for (const char* prefix : {"/etc/OpenCL/", "/etc/nvidia/", "/usr/bin/", "/usr/sbin/",
                             "/usr/lib/nvidia/", "/usr/lib/x86_64-linux-gnu/", "/usr/share/egl/",
                             "/usr/share/glvnd/", "/usr/share/nvidia/", "/usr/share/vulkan/"}) {
    if (starts_with(path, prefix)) {
      return true;
    }
  }
  return false;
}

std::string library_folder(const std::string& layout) {
  static const std::map<std::string, std::string> folders = {
      {"debian", kMulti}, {"ubuntu", kMulti}, {"rhel", "/usr/lib64/"}, {"arch", "/usr/lib/"}};
  auto found = folders.find(layout);
  if (found == folders.end()) {
    throw std::runtime_error("unknown layout " + layout + ": debian, ubuntu, rhel, arch");
  }
  return found->second;
}

// Where a distribution without Debian's alternatives has the file.
std::string placed(const std::string& path, const std::string& layout) {
  if (layout == "debian") {
    return path;
  }
  const std::string libraries = library_folder(layout);
  const std::string name = base_name(path);
  const std::string xorg = layout == "rhel" ? "/usr/lib64/xorg/modules/" : "/usr/lib/xorg/modules/";
  if (name == "nvidia-drm_gbm.so") {
    return libraries + "gbm/" + name;
  }
  if (starts_with(name, "libvdpau_nvidia")) {
    return libraries + "vdpau/" + name;
  }
  if (name == "nvoptix.bin") {
    return "/usr/share/nvidia/" + name;
  }
  if (name == "nvidia-drm-outputclass.conf") {
    return "/usr/share/X11/xorg.conf.d/" + std::string(layout == "arch" ? "10-" : "") + name;
  }
  if (starts_with(name, "libglxserver_nvidia")) {
    return layout == "arch" ? "/usr/lib/nvidia/xorg/" + name : xorg + "extensions/" + name;
  }
  if (name == "nvidia_drv.so") {
    return xorg + "drivers/" + name;
  }
  if (starts_with(path, kCurrentPrograms)) {
    return "/usr/bin/" + name;
  }
  for (const std::string& prefix : {kCurrentLibs, kMulti}) {
    if (starts_with(path, prefix)) {
      return libraries + path.substr(prefix.size());
    }
  }
  return path;
}

std::string placed_32(const std::string& path, const std::string& layout) {
  static const std::map<std::string, std::string> folders = {{"debian", "/usr/lib/i386-linux-gnu/"},
                                                             {"ubuntu", "/usr/lib/i386-linux-gnu/"},
                                                             {"rhel", "/usr/lib/"},
                                                             {"arch", "/usr/lib32/"}};
  return folders.at(layout) + path.substr(library_folder(layout).size());
}

// What Debian's packages link into place through /etc/alternatives; "" for what stays in its
// folder.
std::string alternative_of(const std::string& path) {
  const std::string name = base_name(path);
  static const std::map<std::string, std::string> special = {
      {"nvidia-drm_gbm.so", kMulti + "gbm/nvidia-drm_gbm.so"},
      {"libvdpau_nvidia.so.1", kMulti + "vdpau/libvdpau_nvidia.so.1"},
      {"nvoptix.bin", "/usr/share/nvidia/nvoptix.bin"},
      {"nvidia-smi", "/usr/bin/nvidia-smi"},
      {"nvidia-debugdump", "/usr/bin/nvidia-debugdump"},
      {"nvidia_drv.so", "/usr/lib/xorg/modules/drivers/nvidia_drv.so"},
      {"nvidia-drm-outputclass.conf", "/usr/share/X11/xorg.conf.d/nvidia-drm-outputclass.conf"}};
  if (auto found = special.find(name); found != special.end()) {
    return found->second;
  }
  std::size_t so = name.find(".so.");
  bool soname =
      so != std::string::npos && name.find_first_not_of("0123456789", so + 4) == std::string::npos;
  return starts_with(path, kCurrentLibs) && soname ? kMulti + name : "";
}

class Writer {
 public:
  explicit Writer(const TreeOptions& options)
      : options_(options), elves_(read_elves(options.listing)) {
    for (const auto& [path, elf] : elves_) {
      if (starts_with(base_name(path), "libcuda.so.")) {
        version_ = base_name(path).substr(std::string("libcuda.so.").size());
      }
    }
    if (version_.empty()) {
      throw std::runtime_error(options.listing.string() + " lists no libcuda.so.<version>");
    }
  }

  void write() {
    base();
    for (const auto& row : read_table(options_.listing / "MERGED-ROOT.tsv")) {
      if (of_interest(row[0])) {
        entry(row[0], row[1], row[3]);
      }
    }
    if (options_.firmware) {
      for (const char* name : {"gsp_ga10x.bin", "gsp_tu10x.bin"}) {
        write_file(at("/usr/lib/firmware/nvidia/" + version_ + "/" + name), "firmware\n");
      }
    }
  }

  const std::string& version() const { return version_; }
  const std::string& nvml_path() const { return nvml_path_; }

 private:
  fs::path at(const std::string& inside) const {
    return options_.root / fs::path(inside).relative_path();
  }

  void base() {
    fs::create_directories(at("/usr/lib"));
    fs::create_directories(at("/usr/lib64"));
    fs::create_directories(at("/usr/bin"));
    fs::create_directories(at("/etc"));
    make_link(at("/lib"), "usr/lib");
    make_link(at("/lib64"), "usr/lib64");
    make_link(at("/bin"), "usr/bin");
    std::string conf = library_folder(options_.layout) + "\n";
    if (options_.compat32) {
      conf += placed_32(library_folder(options_.layout), options_.layout) + "\n";
    }
    write_file(at("/etc/ld.so.conf"), conf);
  }

  void entry(const std::string& path, const std::string& mode, const std::string& target) {
    const std::string place = placed(path, options_.layout);
    if (mode[0] == 'd') {
      if (place == path) {
        fs::create_directories(at(place));
      }
      return;
    }
    const bool glx = starts_with(base_name(path), "libglxserver_nvidia.so");
    if (glx && options_.layout == "rhel") {  // one file, without a version in its name
      if (mode[0] != 'l') {
        const Elf& elf = elves_.at(path);
        write_file(at(place.substr(0, place.find(".so") + 3)),
                   stub_library(elf.soname, elf.needed, false));
      }
      return;
    }
    if (mode[0] == 'l') {
      bool gbm = place != path && base_name(place) == "nvidia-drm_gbm.so";
      make_link(at(place), gbm ? "../" + target : target);
      if (options_.compat32 && is_library(path)) {
        make_link(at(placed_32(place, options_.layout)), gbm ? "../" + target : target);
      }
    } else if (auto elf = elves_.find(path); elf != elves_.end() && is_library(path)) {
      library(place, elf->second);
    } else if (glx) {
      write_file(at(place), stub_library(elves_.at(path).soname, elves_.at(path).needed, false));
    } else if (mode.find('x') != std::string::npos && !ends_with(path, ".sh")) {
      write_file(at(place), stub_program(base_name(path) + " " + version_ + " (stub)\n"), true);
    } else {
      write_file(at(place), ends_with(path, ".json") ? "{}\n" : base_name(path) + "\n");
    }
    if (options_.layout == "debian" && options_.alternatives) {
      alternative(path);
    }
  }

  bool is_library(const std::string& path) const {
    return starts_with(path, kMulti) && base_name(path).find(".so") != std::string::npos;
  }

  void library(const std::string& place, const Elf& elf) {
    if (starts_with(base_name(place), "libnvidia-ml.so.")) {
      nvml_path_ = place;
    }
    write_file(at(place), stub_library(elf.soname, elf.needed, false));
    if (options_.compat32) {
      write_file(at(placed_32(place, options_.layout)), stub_library(elf.soname, elf.needed, true));
    }
    for (const std::string& other : options_.other_versions) {
      std::string name = replaced(place, version_, other);
      if (name != place) {
        write_file(at(name), stub_library(replaced(elf.soname, version_, other), {}, false));
      }
    }
  }

  void alternative(const std::string& path) {
    std::string link = alternative_of(path);
    if (link.empty()) {
      return;
    }
    std::string through = "/etc/alternatives/nvidia--" + replaced(link.substr(1), "/", "-");
    make_link(at(through), path);
    make_link(at(link), through);
  }

  const TreeOptions& options_;
  const std::map<std::string, Elf> elves_;
  std::string version_, nvml_path_;
};

}  // namespace

void write_file(const fs::path& path, const std::string& content, bool program) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content;
  if (!out.flush()) {
    throw std::runtime_error("cannot write " + path.string());
  }
  out.close();
  fs::permissions(path, program ? fs::perms(0755) : fs::perms(0644));
}

void make_link(const fs::path& path, const std::string& target) {
  fs::create_directories(path.parent_path());
  fs::remove(path);
  fs::create_symlink(target, path);
}

std::string write_driver_files(const TreeOptions& options, std::string& nvml_path) {
  Writer writer(options);
  writer.write();
  nvml_path = writer.nvml_path();
  return writer.version();
}

}  // namespace xpu::fakes
