// SPDX-License-Identifier: Apache-2.0
// Request + catalogs → devices and capabilities → edits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/catalog/catalog.h"
#include "core/cdi/spec.h"
#include "core/plugin/refresh.h"
#include "core/request/request.h"
#include "core/select/judge.h"
#include "core/select/situation.h"

namespace xpu {

struct SelectedFeature {
  std::string name;
  std::vector<std::string> items;  // in catalog order
  bool operator==(const SelectedFeature&) const = default;
};

struct SelectedBackend {
  std::string backend;
  std::vector<std::string> devices;       // ids, in catalog order, no duplicates
  std::vector<std::string> capabilities;  // in catalog order, features not among them
  std::vector<SelectedFeature> features = {};
};

struct Selection {
  std::vector<SelectedBackend> backends;
  std::vector<std::string> warnings;
  bool empty() const { return backends.empty(); }
};

// What was asked for exists, and others hold it: worth waiting for.
class Busy : public Error {
 public:
  Busy(const std::string& text, std::vector<HeldDevice> devices)
      : Error(text), devices_(std::move(devices)) {}
  // All that would do.
  const std::vector<HeldDevice>& devices() const { return devices_; }

 private:
  std::vector<HeldDevice> devices_;
};

// Named devices, all of them, or the best that meet a wish (core/choose). Of `all` and of a wish,
// devices are left out that are not available, have failed (unless config.allow_unhealthy), do not
// meet the request's tests, are kept back by policy or held by others; one that is named is an
// error then.
//
// Throws Busy, Denied, and Error: a device that is not there (names it and lists what exists), one
// that is not available (with its reason), fewer devices than a wish asks for (with what ruled each
// out), a bare index where two vendors are present (names both) or where a
// backend is refused or failed (names it; on_unavailable does not soften this), a capability that
// the backend does not offer (lists those it does), a feature that cannot be given and a
// requirement of the image that a device does not meet (where devices are given), `all` on a host
// with no device (unless config.on_unavailable is "warn": then a warning and an empty selection), a
// backend in force that is refused or failed.
Selection select(const Request& request, const std::vector<BackendStatus>& backends,
                 const Config& config, const Situation& situation = {});

// A selection that was made earlier, which a restored container gets again. Throws Error when part
// of it is not there any more, or is not for this container (Request::privileged), and Busy.
void check_recorded(const Selection& selection, const Request& request,
                    const std::vector<BackendStatus>& backends, const Config& config,
                    const Situation& situation);

// The devices of a selection, in its order.
std::vector<const Device*> devices_of(const Selection& selection,
                                      const std::vector<BackendStatus>& backends);

// What a container of the selection holds: the same, with the backends' devices that those of CDI
// files are in their place.
std::vector<const Device*> devices_held(const Selection& selection,
                                        const std::vector<BackendStatus>& backends);

// One thing to bring into the container, and why.
template <class T>
struct Wanted {
  T item;
  std::string why;  // "device acme:0", "capability compute", "backend sim"
  // Only where the image has none of these (see xpu_scope.image_lacks); "" for always.
  std::string image_lacks = {};
};

struct Edits {
  std::vector<Wanted<Node>> nodes;
  std::vector<Wanted<File>> files;
  std::vector<Wanted<EnvVar>> env;
  std::vector<Wanted<Link>> links;
  std::vector<Wanted<Text>> texts;  // values put in
  std::vector<Wanted<ImageFolder>> image_folders;
  std::vector<Wanted<Note>> notes;
  // Of CDI files.
  std::vector<Wanted<cdi::Mount>> mounts;
  std::vector<Wanted<cdi::Hook>> hooks;
  std::vector<Wanted<cdi::NetDevice>> net_devices;
  std::vector<Wanted<std::uint32_t>> gids;
  std::optional<Wanted<cdi::Rdt>> rdt;
};

// The edits of the selection, each once for one condition on the image (first scope wins), in
// catalog order, with the values of the selection put in. Throws Error when two of them want the
// same container path or variable with different contents.
Edits edits(const Selection& selection, const std::vector<BackendStatus>& backends);

}  // namespace xpu
