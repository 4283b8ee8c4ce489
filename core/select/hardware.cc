// SPDX-License-Identifier: Apache-2.0
#include "core/select/hardware.h"

#include <algorithm>
#include <map>

#include "core/base/contains.h"
#include "core/select/cdi_backend.h"
#include "core/select/select.h"

namespace xpu {
namespace {

bool same_numbers(const Node& a, const Node& b) {
  return a.type == b.type && a.major == b.major && a.minor == b.minor;
}

// The devices of one backend, found by the nodes that are theirs alone.
class Owners {
 public:
  explicit Owners(const Catalog& catalog) : catalog_(catalog) {
    for (const Device& device : catalog.devices) {
      parents_.emplace(device.id, device.parent);
    }
  }

  // A part has nodes of the whole device among its own. "" for one that several share.
  std::string of(const Node& node) const {
    std::vector<std::string> all;
    for (const EditGroup& group : catalog_.edits) {
      if (!group.scope.device.empty() && !contains(all, group.scope.device) &&
          std::any_of(group.nodes.begin(), group.nodes.end(),
                      [&](const Node& other) { return same_numbers(node, other); })) {
        all.push_back(group.scope.device);
      }
    }
    std::erase_if(
        all, [&, whole = all](const std::string& id) { return contains(whole, parent_of(id)); });
    return all.size() == 1 ? all.front() : "";
  }

  std::string parent_of(const std::string& id) const {
    const auto found = parents_.find(id);
    return found == parents_.end() ? "" : found->second;
  }

 private:
  const Catalog& catalog_;
  std::map<std::string, std::string> parents_;
};

const Device* device_called(const std::string& id, const std::vector<BackendStatus>& backends) {
  for (const BackendStatus& backend : backends) {
    for (const Device& device : backend.catalog.devices) {
      if (device.id == id) {
        return &device;
      }
    }
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> devices_behind(const std::vector<Node>& nodes,
                                        const std::vector<BackendStatus>& backends) {
  std::vector<std::string> out;
  for (const BackendStatus& backend : backends) {
    if (nodes.empty() || backend.state != BackendState::kReady || is_cdi_file(backend)) {
      continue;
    }
    const Owners owners(backend.catalog);
    std::vector<std::string> found;
    for (const Node& node : nodes) {
      const std::string id = owners.of(node);
      if (!id.empty() && !contains(found, id)) {
        found.push_back(id);
      }
    }
    // Whose part is among them is there for the part's sake.
    std::copy_if(found.begin(), found.end(), std::back_inserter(out), [&](const std::string& id) {
      return std::none_of(found.begin(), found.end(),
                          [&](const std::string& other) { return owners.parent_of(other) == id; });
    });
  }
  return out;
}

std::vector<const Device*> hardware_of(const Device& device,
                                       const std::vector<BackendStatus>& backends) {
  std::vector<const Device*> out;
  for (const std::string& id : device.same_as) {
    if (const Device* const found = device_called(id, backends)) {
      out.push_back(found);
    }
  }
  return out.empty() ? std::vector<const Device*>{&device} : out;
}

std::vector<const Device*> hardware_of(const std::vector<const Device*>& devices,
                                       const std::vector<BackendStatus>& backends) {
  std::vector<const Device*> out;
  for (const Device* const device : devices) {
    if (device->same_as.empty()) {  // nearly always
      if (!contains(out, device)) {
        out.push_back(device);
      }
      continue;
    }
    for (const Device* const one : hardware_of(*device, backends)) {
      if (!contains(out, one)) {
        out.push_back(one);
      }
    }
  }
  return out;
}

std::vector<const Device*> devices_held(const Selection& selection,
                                        const std::vector<BackendStatus>& backends) {
  return hardware_of(devices_of(selection, backends), backends);
}

}  // namespace xpu
