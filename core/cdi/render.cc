// SPDX-License-Identifier: Apache-2.0
#include "core/cdi/render.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/cdi/name.h"
#include "core/cdi/part.h"

namespace xpu::cdi {
namespace {

constexpr const char* kAll = "all";

class Renderer {
 public:
  Renderer(const Catalog& catalog, const RenderOptions& options)
      : catalog_(catalog), options_(options) {}

  Rendering run() {
    out_.spec.kind = options_.kind;
    find_devices();
    sort_groups();
    Part common(options_, notes_, nullptr);
    for (const EditGroup* group : common_) {
      common.add(*group);
    }
    if (!common.problem().empty()) {
      fail(catalog_.backend, ": ", common.problem());
    }
    for (const xpu::Device* device : devices_) {
      add_device(*device, common);
    }
    add_all(common);
    add_links(common);
    out_.spec.edits = common.take();
    take_generated(common);
    out_.spec.version = minimum_version(out_.spec);
    out_.notes = notes_.take();
    return std::move(out_);
  }

 private:
  void find_devices() {
    for (const xpu::Device& device : catalog_.devices) {
      if (options_.wanted && !options_.wanted(device)) {
        continue;
      }
      if (!device.available) {
        notes_.add(cat(device.id, " is left out: ", device.reason));
      } else if (!names_of(device).empty()) {
        devices_.push_back(&device);
      }
    }
  }

  // The parts of the condition besides the device.
  bool applies(const Scope& scope) const {
    for (const std::string& one : grammar::split(scope.capability)) {
      const auto feature = options_.features.find(one);
      const bool capability = scope.item.empty() &&
                              std::find(options_.capabilities.begin(), options_.capabilities.end(),
                                        one) != options_.capabilities.end();
      const bool has_feature = feature != options_.features.end() &&
                               (scope.item.empty() || feature->second.empty() ||
                                std::find(feature->second.begin(), feature->second.end(),
                                          scope.item) != feature->second.end());
      if (!capability && !has_feature) {
        return false;
      }
    }
    return true;
  }

  void sort_groups() {
    std::set<std::string_view> wanted;
    for (const xpu::Device* device : devices_) {
      wanted.insert(device->id);
    }
    for (const EditGroup& group : catalog_.edits) {
      const Scope& scope = group.scope;
      if (!applies(scope) || (!scope.device.empty() && !wanted.contains(scope.device))) {
        continue;
      }
      if (!scope.image_lacks.empty() && !options_.for_bare_images) {
        notes_.add(cat("what only images without ", scope.image_lacks, " get is left out"));
      } else if (scope.device.empty()) {
        common_.push_back(&group);
      } else {
        of_device_[scope.device].push_back(&group);
      }
    }
  }

  // Each once, in the order of the options.
  std::vector<std::string> names_of(const xpu::Device& device) {
    std::vector<std::string> out;
    for (const NameBy by : options_.names) {
      const std::string name = name_of(device, by);
      if (!is_device_name(name) || std::find(out.begin(), out.end(), name) != out.end()) {
        continue;
      }
      const auto [known, is_new] = owners_.emplace(name, device.id);
      if (is_new || known->second == device.id) {
        out.push_back(name);
      } else if (by == NameBy::kIndex) {
        fail(known->second, " and ", device.id, " would both be ", qualified(options_.kind, name),
             "; give the devices of each vendor a kind of their own");
      } else {
        notes_.add(
            cat(device.id, " does not have the name ", name, ", which is ", known->second, "'s"));
      }
    }
    if (out.empty()) {
      notes_.add(cat(device.id, " is left out: it has nothing that it could be named by"));
    }
    return out;
  }

  std::string name_of(const xpu::Device& device, NameBy by) const {
    if (by != NameBy::kPci) {
      return by == NameBy::kIndex ? device.index : device.uuid;
    }
    // A partition may be where its parent is.
    for (const xpu::Device& parent : catalog_.devices) {
      if (parent.id == device.parent && parent.pci == device.pci && !device.pci.empty()) {
        return cat(device.pci,
                   device.index.substr(std::min(parent.index.size(), device.index.size())));
      }
    }
    return device.pci;
  }

  void add_device(const xpu::Device& device, const Part& common) {
    const bool alone = devices_.size() == 1;
    Part part(options_, notes_, &common);
    for (const EditGroup* group : of_device_[device.id]) {
      part.add(*group);
    }
    if (alone) {
      part.settle();
    } else {
      part.tell_unsettled();
    }
    add(names_of(device), device.id, part, common);
  }

  void add_all(const Part& common) {
    Part part(options_, notes_, &common);
    bool any = false;
    for (const xpu::Device* device : devices_) {
      if (device->in_all) {
        any = true;
        for (const EditGroup* group : of_device_[device->id]) {
          part.add(*group);
        }
      }
    }
    if (any) {
      part.settle();
      add({kAll}, kAll, part, common);
    }
  }

  void add(const std::vector<std::string>& names, const std::string& what, Part& part,
           const Part& common) {
    if (!part.problem().empty()) {
      notes_.add(cat(what, " is left out: ", part.problem()));
      return;
    }
    Edits edits = part.take();
    if (edits.empty()) {
      // A device has to bring something: one that needs only what all get brings that again.
      edits = common.some();
    }
    if (edits.empty()) {
      notes_.add(cat(what, " is left out: a container needs nothing for it"));
      return;
    }
    for (const std::string& name : names) {
      out_.spec.devices.push_back({name, {}, edits});
    }
    take_generated(part);
    const std::vector<std::string> places = part.places();
    places_.insert(places_.end(), places.begin(), places.end());
  }

  void take_generated(Part& part) {
    for (Generated& file : part.generated()) {
      if (std::find(out_.generated.begin(), out_.generated.end(), file) == out_.generated.end()) {
        out_.generated.push_back(std::move(file));
      }
    }
  }

  // Two devices of a container would each mount a folder of links over the other's.
  void add_links(Part& common) {
    LinkFolders links(options_, notes_);
    const auto add_group = [&](const EditGroup* group) {
      for (const Link& link : group->links) {
        links.add(link);
      }
    };
    std::for_each(common_.begin(), common_.end(), add_group);
    for (const xpu::Device* device : devices_) {
      const std::vector<const EditGroup*>& groups = of_device_[device->id];
      std::for_each(groups.begin(), groups.end(), add_group);
    }
    const std::vector<std::string> places = common.places();
    places_.insert(places_.end(), places.begin(), places.end());
    links.finish(places_, common);
  }

  const Catalog& catalog_;
  const RenderOptions& options_;
  Notes notes_;
  std::vector<const xpu::Device*> devices_;
  std::map<std::string, std::string> owners_;  // name → id of its device
  std::vector<const EditGroup*> common_;
  std::map<std::string, std::vector<const EditGroup*>> of_device_;
  std::vector<std::string> places_;  // in the container, that something fills
  Rendering out_;
};

}  // namespace

Rendering render(const Catalog& catalog, const RenderOptions& options) {
  return Renderer(catalog, options).run();
}

}  // namespace xpu::cdi
