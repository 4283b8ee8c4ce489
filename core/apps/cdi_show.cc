// SPDX-License-Identifier: Apache-2.0
#include "core/apps/cdi_show.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <boost/json.hpp>
#include <map>
#include <set>

#include "core/apps/table.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/cdi/checks.h"
#include "core/cdi/files.h"
#include "core/log/format.h"

namespace xpu {
namespace {

namespace bj = boost::json;

// In the order of cdi::Definition::State.
constexpr const char* kStateNames[] = {"used", "hidden", "conflict"};

const char* name_of(cdi::Definition::State state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

std::string list_text(const cdi::Files& files) {
  std::string out;
  const std::vector<cdi::Definition> definitions = files.definitions();
  if (!definitions.empty()) {
    Table table({"DEVICE", "FILE", "STATE"});
    for (const cdi::Definition& one : definitions) {
      std::string state = name_of(one.state);
      if (one.by != nullptr) {
        state +=
            cat(one.state == cdi::Definition::State::kHidden ? " by " : " with ", one.by->path);
      }
      table.row({one.device, log::printable(one.file->path), log::printable(state)});
    }
    out += table.text();
  }
  for (const cdi::Folder& folder : files.folders()) {
    out += folder.problem.empty() ? "" : cat("unusable: ", log::printable(folder.problem), "\n");
  }
  for (const cdi::File& file : files.files()) {
    out += file.problem.empty() ? "" : cat("unusable: ", log::printable(file.problem), "\n");
  }
  if (out.empty()) {
    std::string searched;
    for (const cdi::Folder& folder : files.folders()) {
      searched += cat(searched.empty() ? "" : " and ", folder.path);
    }
    out = cat("no CDI file in ", searched, "\n");
  }
  return out;
}

std::string list_json(const cdi::Files& files) {
  bj::array devices, problems;
  for (const cdi::Definition& one : files.definitions()) {
    bj::object object = {
        {"name", one.device}, {"file", one.file->path}, {"state", name_of(one.state)}};
    if (one.by != nullptr) {
      object["by"] = one.by->path;
    }
    devices.push_back(std::move(object));
  }
  for (const cdi::Folder& folder : files.folders()) {
    if (!folder.problem.empty()) {
      problems.push_back(bj::object{{"path", folder.path}, {"problem", folder.problem}});
    }
  }
  for (const cdi::File& file : files.files()) {
    if (!file.problem.empty()) {
      problems.push_back(bj::object{{"path", file.path}, {"problem", file.problem}});
    }
  }
  return bj::serialize(
             bj::object{{"devices", std::move(devices)}, {"unusable", std::move(problems)}}) +
         "\n";
}

class Validation {
 public:
  Validation(const Config& config, CdiVerdict* verdict) : config_(config), verdict_(verdict) {}

  void check(const std::string& file) {
    file_ = file;
    told_.clear();
    const std::string path = absolute_path(file);
    try {
      const cdi::Spec spec = cdi::read_spec_file(path, true).first;
      check_trust(path);
      check_spec(spec, path);
      if (!cdi::is_spec_file(path)) {
        warn("readers of CDI look at *.json and *.yaml only");
      }
      if (!bad_) {
        say(cat("valid, ", spec.devices.size(), spec.devices.size() == 1 ? " device" : " devices",
                " of ", spec.kind));
      }
    } catch (const Error& error) {
      refuse(error.what());
    }
    bad_ = false;
  }

 private:
  void say(const std::string& text) {
    verdict_->text += log::printable(cat(file_, ": ", text)) + "\n";
  }
  void warn(const std::string& text) {
    if (told_.insert(text).second) {
      say("warning: " + text);
    }
  }
  void refuse(std::string text) {
    // Messages of files begin with the path, as the lines here do.
    const std::string path = absolute_path(file_) + ": ";
    text.erase(0, text.starts_with(path) ? path.size() : 0);
    bad_ = true;
    verdict_->good = false;
    if (told_.insert(text).second) {
      say("error: " + text);
    }
  }

  void check_trust(const std::string& path) {
    try {
      cdi::read_spec_file(path, false);
    } catch (const Error& error) {
      if (config_.cdi_allow_untrusted) {
        warn(error.what());
      } else {
        refuse(error.what());
      }
    }
  }

  void check_spec(const cdi::Spec& spec, const std::string& path) {
    const std::string least = cdi::minimum_version(spec);
    if (cdi::is_older(least, spec.version)) {
      warn(cat("cdiVersion is ", spec.version, ", and ", least,
               " has everything that is used: older readers refuse the file without need"));
    }
    check_edits(spec.edits, path);
    for (const cdi::Device& device : spec.devices) {
      check_edits(device.edits, path);
    }
  }

  void check_edits(const cdi::Edits& edits, const std::string& path) {
    try {
      cdi::check_hooks(edits, path);
    } catch (const Error& error) {
      refuse(error.what());
    }
    for (const cdi::DeviceNode& node : edits.nodes) {
      check_node(node);
    }
    for (const cdi::Mount& mount : edits.mounts) {
      struct stat status = {};
      if (cdi::is_bind(mount) && ::stat(mount.host_path.c_str(), &status) != 0) {
        warn(cat(mount.host_path, " is not here: no container with it would start"));
      }
    }
  }

  void check_node(const cdi::DeviceNode& node) {
    const std::string& path = node.host_path.empty() ? node.path : node.host_path;
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0) {
      if (!node.major || node.type == 0) {
        warn(cat("the device node ", path, " is not here: no container with it would start"));
      }
      return;
    }
    const char type = S_ISBLK(status.st_mode) ? 'b' : S_ISCHR(status.st_mode) ? 'c' : 'p';
    if (type == 'p' && !S_ISFIFO(status.st_mode)) {
      warn(cat(path, " is no device node"));
    } else if (node.type != 0 && (node.type == 'u' ? 'c' : node.type) != type) {
      warn(cat("the device node ", path, " is of type ", type, ", not ", node.type));
    } else if (type != 'p' && node.major &&
               (*node.major != ::major(status.st_rdev) ||
                node.minor.value_or(0) != ::minor(status.st_rdev))) {
      warn(cat("the device node ", path, " is ", ::major(status.st_rdev), ":",
               ::minor(status.st_rdev), ", not ", *node.major, ":", node.minor.value_or(0)));
    }
  }

  const Config& config_;
  CdiVerdict* verdict_;
  std::string file_;
  bool bad_ = false;
  std::set<std::string> told_;
};

}  // namespace

std::string cdi_list(const Config& config, bool json) {
  const cdi::Files files({config.cdi_spec_dirs, config.cdi_allow_untrusted}, "");
  return json ? list_json(files) : list_text(files);
}

CdiVerdict cdi_validate(const Config& config, const std::vector<std::string>& files) {
  CdiVerdict verdict;
  Validation validation(config, &verdict);
  for (const std::string& file : files) {
    validation.check(file);
  }
  return verdict;
}

}  // namespace xpu
