// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/manifest_cdi.h"

#include <algorithm>
#include <optional>

#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/joined.h"
#include "core/catalog/grammar.h"
#include "core/cdi/name.h"

namespace xpu {
namespace {

std::optional<DeviceKind> device_kind(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kDeviceKindNames); ++i) {
    if (kDeviceKindNames[i] == name) {
      return static_cast<DeviceKind>(i);
    }
  }
  return std::nullopt;
}

CdiKind read_kind(const toml::table& table, const ManifestToml& toml) {
  const std::string where = "[[cdi.kinds]] ";
  toml.known_keys(table, where, {"kind", "vendor", "devices"});
  const toml::node* kind = table.get("kind");
  if (kind == nullptr) {
    fail(toml.place(&table), where, "without kind");
  }
  CdiKind out;
  out.kind = toml.text(*kind, where + "kind");
  if (!cdi::is_kind(out.kind)) {
    fail(toml.place(kind), where, "kind: ", in_quotes(out.kind),
         " is not VENDOR/CLASS, such as \"vendor.example/gpu\"");
  }
  if (const toml::node* vendor = table.get("vendor")) {
    out.vendor = toml.text(*vendor, where + "vendor");
    if (!grammar::is_name(out.vendor)) {
      fail(toml.place(vendor), where, "vendor: ", in_quotes(out.vendor), " is not [a-z][a-z0-9-]*");
    }
  }
  for (const auto& [name, node] : toml.texts(table, "devices", where + "devices")) {
    const std::optional<DeviceKind> device = device_kind(name);
    if (!device) {
      fail(toml.place(node), where, "devices: there is no kind of device ", in_quotes(name),
           "; there are ", joined(kDeviceKindNames));
    }
    out.devices.push_back(*device);
  }
  return out;
}

}  // namespace

bool CdiKind::has(const Device& device) const {
  return (vendor.empty() || vendor == device.vendor) &&
         (devices.empty() || contains(devices, device.kind));
}

void read_cdi_table(const toml::table& cdi, const ManifestToml& toml, Manifest& manifest) {
  toml.known_keys(cdi, "[cdi] ", {"kinds"});
  for (const toml::table* table : toml.tables(cdi, "kinds", "[[cdi.kinds]]")) {
    CdiKind kind = read_kind(*table, toml);
    for (const CdiKind& other : manifest.cdi_kinds) {
      if (other.kind == kind.kind) {
        fail(toml.place(table->get("kind")), "[[cdi.kinds]] kind: ", in_quotes(kind.kind),
             " comes twice");
      }
    }
    manifest.cdi_kinds.push_back(std::move(kind));
  }
}

void read_cdi_claims(const toml::table& root, Manifest& manifest) {
  manifest.cdi_kinds.clear();
  const toml::array* kinds = root["cdi"]["kinds"].as_array();
  for (std::size_t i = 0; kinds != nullptr && i < kinds->size(); ++i) {
    const toml::table* table = (*kinds)[i].as_table();
    const std::string kind =
        table == nullptr ? std::string() : (*table)["kind"].value_or(std::string());
    if (cdi::is_kind(kind)) {
      manifest.cdi_kinds.push_back({kind, (*table)["vendor"].value_or(std::string()), {}});
    }
  }
}

}  // namespace xpu
