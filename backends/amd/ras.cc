// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/ras.h"

#include <sstream>

#include "sdk/helpers/path.h"

namespace xpu::amd {
namespace {

constexpr const char* kBadPages = "gpu_vram_bad_pages";
constexpr std::size_t kPagesBytes = 1 << 20;  // thousands of pages, one a line

void add(std::optional<std::uint64_t>& sum, std::optional<std::uint64_t> more) {
  if (more) {
    sum = sum.value_or(0) + *more;
  }
}

// "ue: 0\nce: 4\n", and in newer kernels further kinds.
RasCounts read_errors(const sdk::Root& root, const std::string& path) {
  RasCounts counts;
  std::istringstream text(root.read(path).value_or(""));
  for (std::string line; std::getline(text, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) {
      continue;
    }
    const std::string kind = sdk::trimmed(line.substr(0, colon));
    const auto number = sdk::parse_number(sdk::trimmed(line.substr(colon + 1)));
    if (number && *number >= 0 && (kind == "ue" || kind == "ce")) {
      (kind == "ue" ? counts.uncorrected : counts.corrected) = static_cast<std::uint64_t>(*number);
    }
  }
  return counts;
}

// "0x027f5d43 : 0x00001000 : R": R is out of use, P waits for it, F is in use and cannot be taken
// out.
RasCounts read_pages(const sdk::Root& root, const std::string& path) {
  RasCounts counts;
  const auto read = root.read(path, kPagesBytes);
  if (!read) {
    return counts;
  }
  counts.bad_pages = counts.unsafe_pages = 0;
  std::istringstream text(*read);
  for (std::string line; std::getline(text, line);) {
    const std::string flag = sdk::trimmed(line.substr(line.rfind(':') + 1));
    if (flag == "R") {
      ++*counts.bad_pages;
    } else if (flag == "P" || flag == "F") {
      ++*counts.unsafe_pages;
    }
  }
  return counts;
}

std::vector<std::string> files_of(const sdk::Root& sys_root, const Gpu& gpu) {
  std::vector<std::string> files;
  if (gpu.pci_folder.empty()) {
    return files;
  }
  const std::string folder = sdk::join(gpu.pci_folder, "ras");
  for (const std::string& name : sys_root.list(folder)) {
    if (sdk::ends_with(name, "_err_count") || name == kBadPages) {
      files.push_back(sdk::join(folder, name));
    }
  }
  return files;
}

RasCounts read_one(const sdk::Root& sys_root, const std::string& path) {
  return sdk::base_name(path) == kBadPages ? read_pages(sys_root, path)
                                           : read_errors(sys_root, path);
}

void add(RasCounts& sum, const RasCounts& more) {
  add(sum.uncorrected, more.uncorrected);
  add(sum.corrected, more.corrected);
  add(sum.bad_pages, more.bad_pages);
  add(sum.unsafe_pages, more.unsafe_pages);
}

}  // namespace

RasCounts read_ras(const sdk::Root& sys_root, const Gpu& gpu, bool errors) {
  RasCounts sum;
  for (const std::string& path : files_of(sys_root, gpu)) {
    if (errors || sdk::base_name(path) == kBadPages) {
      add(sum, read_one(sys_root, path));
    }
  }
  return sum;
}

std::optional<std::uint64_t> bad_page_threshold(const sdk::Root& sys_root) {
  const auto value = sys_root.read_number("/sys/module/amdgpu/parameters/bad_page_threshold");
  return value && *value > 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

void Ras::set_gpus(const sdk::Root& sys_root, const std::vector<Gpu>& gpus) {
  sys_root_ = sys_root;
  files_.clear();
  next_ = 0;
  std::map<std::string, Kept> kept;
  for (const Gpu& gpu : gpus) {
    for (const std::string& path : files_of(sys_root, gpu)) {
      files_.push_back({gpu.pci, path});
    }
    if (const auto old = kept_.find(gpu.pci); old != kept_.end()) {
      kept.insert(*old);
    }
  }
  kept_ = std::move(kept);
}

void Ras::read(const File& file) {
  if (is_asleep(sys_root_, sdk::join(sdk::dir_name(file.path), ".."))) {
    return;
  }
  Kept& kept = kept_[file.gpu];
  kept.files[file.path] = read_one(sys_root_, file.path);
  kept.sum = {};
  for (const auto& [path, counts] : kept.files) {
    add(kept.sum, counts);
  }
}

bool Ras::step() {
  if (next_ < files_.size()) {
    read(files_[next_++]);
  }
  if (next_ < files_.size()) {
    return false;
  }
  next_ = 0;
  return true;
}

void Ras::read_all() {
  next_ = 0;
  while (!step()) {
  }
}

const RasCounts* Ras::counts(const std::string& pci) const {
  const auto found = kept_.find(pci);
  return found == kept_.end() ? nullptr : &found->second.sum;
}

bool is_asleep(const sdk::Root& sys_root, const std::string& pci_folder) {
  return sys_root.read_line(sdk::join(pci_folder, "power/runtime_status")) == "suspended";
}

}  // namespace xpu::amd
