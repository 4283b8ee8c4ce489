// SPDX-License-Identifier: Apache-2.0
// Who may ask for what: every combination of source, privilege, profile, vendor and sharing.
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "tests/unit/request/said.h"

namespace xpu {
namespace {

enum class From { kAnnotation, kMount, kSlurm, kOwnVariable, kVendorVariable, kDefault };
constexpr const char* kFrom[] = {"annotation",   "mount",           "slurm",
                                 "own variable", "vendor variable", "default"};
constexpr const char* kSharing[] = {"", "shared", "exclusive"};

// What becomes of a request: "served", followed by the sharing that the container chose, if any;
// "nothing"; "denied RULE". "over RULE" for each row by which something was passed over.
struct Row {
  From from;
  const char* profile;
  bool privileged;
  const char* unsaid;
  const char* shared;
  const char* exclusive;
};

constexpr Row kRows[] = {
    {From::kAnnotation, "single-user", false, "served", "served shared", "served exclusive"},
    {From::kAnnotation, "single-user", true, "served", "served shared", "served exclusive"},
    {From::kAnnotation, "multi-tenant", false, "served", "denied sharing-choice",
     "served exclusive"},
    {From::kAnnotation, "multi-tenant", true, "served", "denied sharing-choice",
     "served exclusive"},

    {From::kMount, "single-user", false, "nothing over volume-mounts", "nothing over volume-mounts",
     "nothing over volume-mounts"},
    {From::kMount, "single-user", true, "nothing over volume-mounts", "nothing over volume-mounts",
     "nothing over volume-mounts"},
    {From::kMount, "multi-tenant", false, "served", "served over environment",
     "served over environment"},
    {From::kMount, "multi-tenant", true, "served", "denied sharing-choice", "served exclusive"},

    {From::kSlurm, "single-user", false, "served", "served shared", "served exclusive"},
    {From::kSlurm, "single-user", true, "served", "served shared", "served exclusive"},
    {From::kSlurm, "multi-tenant", false, "served", "served over environment",
     "served over environment"},
    {From::kSlurm, "multi-tenant", true, "served", "denied sharing-choice", "served exclusive"},

    {From::kOwnVariable, "single-user", false, "served", "served shared", "served exclusive"},
    {From::kOwnVariable, "single-user", true, "served", "served shared", "served exclusive"},
    {From::kOwnVariable, "multi-tenant", false, "nothing over environment",
     "nothing over environment", "nothing over environment"},
    {From::kOwnVariable, "multi-tenant", true, "served", "denied sharing-choice",
     "served exclusive"},

    {From::kVendorVariable, "single-user", false, "served", "served shared", "served exclusive"},
    {From::kVendorVariable, "single-user", true, "served", "served shared", "served exclusive"},
    {From::kVendorVariable, "multi-tenant", false, "nothing over environment",
     "nothing over environment", "nothing over environment"},
    {From::kVendorVariable, "multi-tenant", true, "served", "denied sharing-choice",
     "served exclusive"},

    {From::kDefault, "single-user", false, "served", "served shared", "served exclusive"},
    {From::kDefault, "single-user", true, "served", "served shared", "served exclusive"},
    {From::kDefault, "multi-tenant", false, "nothing", "nothing", "nothing"},
    {From::kDefault, "multi-tenant", true, "nothing", "nothing", "nothing"},
};

Said said_from(From from, const std::string& vendor, const std::string& sharing) {
  Said said;
  switch (from) {
    case From::kAnnotation:
      said.annotations.emplace_back("xpu.dev/visible-devices", vendor + ":0");
      if (!sharing.empty()) {
        said.annotations.emplace_back("xpu.dev/sharing", sharing);
      }
      return said;
    case From::kMount:
      said.null_mounts.push_back("/var/run/xpu-container-devices/" + vendor + "/0");
      break;
    case From::kSlurm:
      said.slurm_devices = "0";
      break;
    case From::kOwnVariable:
      said.env.push_back("XPU_VISIBLE_DEVICES=" + vendor + ":0");
      break;
    case From::kVendorVariable:
      said.env.push_back(vendor == "acme" ? "ACME_DEVICES=0" : "GLOBEX_DEVICES=0");
      break;
    case From::kDefault:
      break;
  }
  if (!sharing.empty()) {
    said.env.push_back("XPU_SHARING=" + sharing);
  }
  return said;
}

// What the request of each source is for; Slurm and the default name no vendor.
std::string device_from(From from, const std::string& vendor) {
  switch (from) {
    case From::kAnnotation:
    case From::kMount:
    case From::kOwnVariable:
      return vendor + "|0 of any";
    case From::kVendorVariable:
      return "|0 of " + vendor;
    case From::kSlurm:
      return "|0 of any";
    case From::kDefault:
      break;
  }
  return "1-1 of any";
}

std::string outcome(const Said& said, const Config& config, std::string* device) {
  try {
    const Request request = parse_request(
        said,
        {test::installed("acme", "ACME_DEVICES"), test::installed("globex", "GLOBEX_DEVICES")},
        config, "");
    std::string out = request.kind == RequestKind::kNone ? "nothing" : "served";
    if (request.exclusive) {
      out += *request.exclusive ? " exclusive" : " shared";
    }
    EXPECT_EQ(request.warnings.size(), request.passed_over.size());
    for (const PassedOver& passed : request.passed_over) {
      out += " over " + passed.rule;
    }
    for (const std::string& one : test::asked(request)) {
      *device += one + " of " + (request.claimed_by.empty() ? "any" : request.claimed_by[0]);
    }
    return out;
  } catch (const Denied& denied) {
    return "denied " + denied.rule();
  }
}

TEST(Matrix, OfSourcePrivilegeProfileVendorAndSharing) {
  int cells = 0;
  for (const Row& row : kRows) {
    for (const std::string vendor : {"acme", "globex"}) {
      for (const char* sharing : kSharing) {
        Config config;
        config.profile = row.profile;
        config.preferred_vendor = vendor;
        config.default_request = row.from == From::kDefault ? "auto" : "none";
        Said said = said_from(row.from, vendor, sharing);
        said.privileged = row.privileged;
        const std::string expected = *sharing == '\0'  ? row.unsaid
                                     : *sharing == 's' ? row.shared
                                                       : row.exclusive;
        std::string device;
        EXPECT_EQ(outcome(said, config, &device), expected)
            << kFrom[static_cast<int>(row.from)] << ", " << row.profile << ", "
            << (row.privileged ? "" : "not ") << "privileged, " << vendor << ", " << sharing;
        EXPECT_EQ(device, expected.starts_with("served") ? device_from(row.from, vendor) : "");
        ++cells;
      }
    }
  }
  EXPECT_EQ(cells, 6 * 2 * 2 * 2 * 3);
}

}  // namespace
}  // namespace xpu
