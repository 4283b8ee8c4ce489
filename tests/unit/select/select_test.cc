// SPDX-License-Identifier: Apache-2.0
#include "core/select/select.h"
#include "core/select/qualified.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.h"
#include "core/select/match.h"
#include "core/select/qualified.h"
#include "tests/unit/base/temp_dir.h"
#include "tests/unit/select/fakes.h"

namespace xpu {
namespace {

using test::backend;
using test::broken;
using test::device;
using test::error_of;
using test::simulated;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

using Backends = std::vector<BackendStatus>;

Backends acme_only() {
  return {backend("acme", {device("acme", "0"), device("acme", "1")})};
}
Backends acme_and_beta() {
  return {backend("acme", {device("acme", "0"), device("acme", "1")}),
          backend("beta", {device("beta", "0")})};
}

Selection select_env(const std::vector<std::string>& env, const Backends& backends,
                     const std::string& on_unavailable = "fail") {
  Config config;
  config.file = "/etc/x.toml";
  config.on_unavailable = on_unavailable;
  return select(test::request_of(env, backends), backends, config);
}

// "acme(acme:0,acme:1)" per backend.
std::vector<std::string> chosen(const Selection& selection) {
  std::vector<std::string> out;
  for (const SelectedBackend& selected : selection.backends) {
    std::string text = selected.backend + "(";
    for (const std::string& id : selected.devices) {
      text += (text.back() == '(' ? "" : ",") + id;
    }
    out.push_back(text + ")");
  }
  return out;
}

std::vector<std::string> neutral(const std::string& value, const Backends& backends) {
  return chosen(select_env({"XPU_VISIBLE_DEVICES=" + value}, backends));
}

std::string error_for(const std::string& variable, const Backends& backends,
                      const std::string& on_unavailable = "fail") {
  return error_of([&] { select_env({variable}, backends, on_unavailable); });
}

TEST(Select, ChoosesNothingForNoRequest) {
  EXPECT_TRUE(select_env({}, acme_only()).empty());
  EXPECT_TRUE(select_env({"XPU_VISIBLE_DEVICES=void"}, acme_only()).empty());
}

TEST(Select, DomainsOfMoreThanFourDigits) {
  Backends backends = acme_only();
  backends[0].catalog.devices[0].pci = "10000:af:00.0";
  for (const char* name : {"10000:af:00.0", "00010000:AF:00.0"}) {
    EXPECT_THAT(neutral(name, backends), ElementsAre("acme(acme:0)")) << name;
  }
  EXPECT_THROW(neutral("af:00.0", backends), Error);
}

TEST(Select, ChoosesByEveryName) {
  Backends backends = acme_only();
  Device& first = backends[0].catalog.devices[0];
  first.uuid = "ACC-11aa22bb";
  first.pci = "0000:65:00.0";
  first.aliases = {"serial-7", "front"};
  for (const char* name :
       {"0", "acme:0", "ACC-11aa22bb", "acc-11AA22BB", "0000:65:00.0", "65:00.0",
        "00000000:65:00.0", "serial-7", "front", "acme:65:00.0", "acme:front", "acme:acme:0"}) {
    EXPECT_THAT(neutral(name, backends), ElementsAre("acme(acme:0)")) << name;
  }
  for (const char* name : {"ACC-11aa22b", "ACC-11aa22bb0", "Front", "0001:65:00.0", "65:00.1",
                           "ACME:0", "00", "2", "acme"}) {
    EXPECT_EQ(error_for(std::string("XPU_VISIBLE_DEVICES=") + name, backends),
              std::string("XPU_VISIBLE_DEVICES: '") + name +
                  "' is not a device of this host; there are acme:0, acme:1");
  }
}

Backends one_failed() {
  Backends backends = acme_only();
  backends[0].catalog.devices[0].properties = {{"health", "failed"}};
  return backends;
}

TEST(Select, LeavesADeviceThatFailedOut) {
  const Selection all = select_env({"XPU_VISIBLE_DEVICES=all"}, one_failed());
  EXPECT_THAT(chosen(all), ElementsAre("acme(acme:1)"));
  EXPECT_THAT(all.warnings, ElementsAre("XPU_VISIBLE_DEVICES: 'all': left out acme:0, which has "
                                        "failed: its driver says so"));
  EXPECT_THAT(chosen(select_env({"XPU_COUNT=1"}, one_failed())), ElementsAre("acme(acme:1)"));
  EXPECT_THAT(error_for("XPU_COUNT=2", one_failed()),
              HasSubstr("1 of 2 devices can be given now, and 2 are wanted; acme:0 has failed: its "
                        "driver says so"));
}

TEST(Select, RefusesADeviceByNameThatFailed) {
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=acme:0", one_failed()),
            "XPU_VISIBLE_DEVICES: 'acme:0': the device acme:0 has failed: its driver says so; "
            "allow-unhealthy = true in [selection] of /etc/x.toml gives it all the same");
}

TEST(Select, IsWithoutADeviceWhereTheOnlyOneFailed) {
  Backends backends = one_failed();
  backends[0].catalog.devices.pop_back();
  EXPECT_THAT(error_for("XPU_VISIBLE_DEVICES=all", backends),
              HasSubstr("this host has no device to give; acme:0 has failed: its driver says so"));
  EXPECT_TRUE(select_env({"XPU_VISIBLE_DEVICES=all"}, backends, "warn").empty());
}

TEST(Select, GivesADeviceThatFailedWhereThatIsAllowed) {
  Config config;
  config.allow_unhealthy = true;
  const Backends backends = one_failed();
  const Selection given =
      select(test::request_of({"XPU_VISIBLE_DEVICES=acme:0"}, backends), backends, config);
  EXPECT_THAT(chosen(given), ElementsAre("acme(acme:0)"));
  EXPECT_THAT(given.warnings, ElementsAre("the device acme:0 is given, and it has failed: its "
                                          "driver says so"));
}

TEST(Select, WarnsOfADegradedDevice) {
  Backends backends = acme_only();
  backends[0].catalog.devices[0].properties = {{"health", "degraded"}};
  const Selection given = select_env({"XPU_VISIBLE_DEVICES=all"}, backends);
  EXPECT_THAT(chosen(given), ElementsAre("acme(acme:0,acme:1)"));
  EXPECT_THAT(given.warnings, ElementsAre("the device acme:0 is given, and it is degraded: its "
                                          "driver says so"));
}

TEST(Select, RestoresNoDeviceThatFailed) {
  const Backends backends = one_failed();
  Config config;
  config.file = "/etc/x.toml";
  const Selection had = {{{"acme", {"acme:0"}, {}, {}}}, {}};
  const auto restore = [&] { check_recorded(had, {}, backends, config, {}); };
  EXPECT_EQ(error_of(restore),
            "the container cannot be restored with what it had: the device acme:0 has failed: its "
            "driver says so; allow-unhealthy = true in [selection] of /etc/x.toml gives it all the "
            "same");
  config.allow_unhealthy = true;
  EXPECT_EQ(error_of(restore), "");
}

TEST(Select, KeepsCatalogOrderWithoutDuplicates) {
  EXPECT_THAT(neutral("1,0,acme:1", acme_only()), ElementsAre("acme(acme:0,acme:1)"));
  EXPECT_THAT(neutral("beta:0,acme:1", acme_and_beta()),
              ElementsAre("acme(acme:1)", "beta(beta:0)"));
  EXPECT_THAT(neutral("all,acme:1", acme_only()), ElementsAre("acme(acme:0,acme:1)"));
}

TEST(Select, ChoosesAll) {
  EXPECT_THAT(neutral("all", acme_and_beta()), ElementsAre("acme(acme:0,acme:1)", "beta(beta:0)"));
  EXPECT_THAT(neutral("beta:all", acme_and_beta()), ElementsAre("beta(beta:0)"));
  Backends backends = {backend("acme", {device("acme", "0"), device("acme", "0:0"),
                                        device("acme", "0:1"), device("acme", "1")})};
  backends[0].catalog.devices[0].in_all = false;
  EXPECT_THAT(neutral("all", backends), ElementsAre("acme(acme:0:0,acme:0:1,acme:1)"));
  EXPECT_THAT(neutral("0", backends), ElementsAre("acme(acme:0)"));
  EXPECT_THAT(neutral("0:1", backends), ElementsAre("acme(acme:0:1)"));
}

TEST(Select, ReadsAPrefixAsBackendOrVendor) {
  const Backends backends = {backend("lab", {device("acme", "0"), device("beta", "0")})};
  EXPECT_THAT(neutral("acme:0", backends), ElementsAre("lab(acme:0)"));
  EXPECT_THAT(neutral("beta:all", backends), ElementsAre("lab(beta:0)"));
  EXPECT_THAT(neutral("lab:all", backends), ElementsAre("lab(acme:0,beta:0)"));
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=lab:0", backends),
            "XPU_VISIBLE_DEVICES: 'lab:0' may be any of acme:0, beta:0; name one of these");
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=gamma:0", backends),
            "XPU_VISIBLE_DEVICES: 'gamma:0': there is no backend and no vendor 'gamma' on this "
            "host; there "
            "are acme:0, beta:0");
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=gamma:all", backends),
            "XPU_VISIBLE_DEVICES: 'gamma:all': there is no backend and no vendor 'gamma' on this "
            "host; there "
            "are acme:0, beta:0");
}

TEST(Select, SaysWhenThereIsNoDeviceAtAll) {
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=gamma:0", {}),
            "XPU_VISIBLE_DEVICES: 'gamma:0': there is no backend and no vendor 'gamma' on this "
            "host");
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=0", {}),
            "XPU_VISIBLE_DEVICES: '0' is not a device of this host");
}

TEST(Select, RefusesABareIndexOfTwoVendors) {
  // Suggests only what is there.
  const auto refusal = [](const std::string& index) {
    return error_for("XPU_VISIBLE_DEVICES=" + index, acme_and_beta());
  };
  const std::string both = " is a bare index, and this host has devices of acme, beta; ";
  EXPECT_EQ(refusal("0"),
            "XPU_VISIBLE_DEVICES: '0'" + both + "write the vendor too: acme:0, beta:0");
  EXPECT_EQ(refusal("1"), "XPU_VISIBLE_DEVICES: '1'" + both + "write the vendor too: acme:1");
  EXPECT_EQ(refusal("1:0"), "XPU_VISIBLE_DEVICES: '1:0'" + both +
                                "none has that index; there are acme:0, acme:1, beta:0");
  EXPECT_THAT(chosen(select_env({"ACME_DEVICES=0"}, acme_and_beta())), ElementsAre("acme(acme:0)"));
}

TEST(Select, RefusesAnAmbiguousName) {
  Backends backends = acme_and_beta();
  backends[0].catalog.devices[1].aliases = {"fast"};
  backends[1].catalog.devices[0].aliases = {"fast"};
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=fast", backends),
            "XPU_VISIBLE_DEVICES: 'fast' may be any of acme:1, beta:0; name one of these");
}

TEST(Select, TakesThePciAddressOfAPartitionAsItsParents) {
  Backends backends = {backend("acme", {device("acme", "0"), device("acme", "0:0")})};
  for (Device& d : backends[0].catalog.devices) {
    d.pci = "0000:65:00.0";
  }
  EXPECT_THAT(neutral("65:00.0", backends), ElementsAre("acme(acme:0)"));
}

TEST(Select, ListsOnlySoManyDevices) {
  std::vector<Device> devices;
  for (int i = 0; i < 20; ++i) {
    devices.push_back(device("acme", std::to_string(i)));
  }
  EXPECT_THAT(error_for("XPU_VISIBLE_DEVICES=20", {backend("acme", devices)}),
              HasSubstr("there are acme:0, acme:1, acme:2, acme:3, acme:4, acme:5, acme:6, acme:7, "
                        "acme:8, acme:9, acme:10, acme:11, acme:12, acme:13, acme:14, acme:15 and "
                        "4 more"));
}

TEST(Select, NamesWhyADeviceIsNotAvailable) {
  Backends backends = acme_only();
  backends[0].catalog.devices[0].available = false;
  backends[0].catalog.devices[0].reason = "it is being reset";
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=0", backends),
            "XPU_VISIBLE_DEVICES: '0': the device acme:0 is not available: it is being reset");
  const Selection rest = select_env({"XPU_VISIBLE_DEVICES=all"}, backends);
  EXPECT_THAT(chosen(rest), ElementsAre("acme(acme:1)"));
  EXPECT_THAT(rest.warnings,
              ElementsAre("XPU_VISIBLE_DEVICES: 'all': left out acme:0, which is not available: it "
                          "is being reset"));
  backends[0].catalog.devices[1].available = false;
  EXPECT_THAT(error_for("XPU_VISIBLE_DEVICES=all", backends),
              HasSubstr("this host has no device to give"));
}

TEST(Select, FailsForAllWithoutADevice) {
  const Backends backends = {broken("acme", BackendState::kAbsent, "no driver")};
  const std::string text =
      "ACME_DEVICES: 'all': this host has no device to give; the backend acme found no device: no "
      "driver";
  EXPECT_EQ(error_for("ACME_DEVICES=all", backends),
            text +
                "; on-unavailable = \"warn\" in /etc/x.toml lets such containers start without "
                "one");
  const Selection selection = select_env({"ACME_DEVICES=all"}, backends, "warn");
  EXPECT_TRUE(selection.empty());
  EXPECT_THAT(selection.warnings, ElementsAre(text));
  EXPECT_THAT(error_for("XPU_VISIBLE_DEVICES=all", {}),
              HasSubstr("XPU_VISIBLE_DEVICES: 'all': this host has no device to give"));
  EXPECT_THAT(error_for("ACME_DEVICES=0", backends),
              HasSubstr("ACME_DEVICES: '0' is not a device of this host; the backend acme found no "
                        "device: no driver"));
}

TEST(Select, FailsWhenABackendInForceFailed) {
  Backends backends = acme_and_beta();
  backends[1] = broken("beta", BackendState::kFailed, "it ended by signal 11");
  const std::string problem = "the backend beta failed: it ended by signal 11";
  EXPECT_EQ(error_for("BETA_DEVICES=all", backends), "BETA_DEVICES: 'all': " + problem);
  EXPECT_EQ(error_for("BETA_DEVICES=all", backends, "warn"), "BETA_DEVICES: 'all': " + problem);
  EXPECT_EQ(error_for("BETA_DEVICES=none", backends), "BETA_DEVICES: 'none': " + problem);
  EXPECT_EQ(error_for("BETA_DEVICES=0", backends),
            "BETA_DEVICES: '0' is not a device of this host; " + problem);
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=beta:all", backends),
            "XPU_VISIBLE_DEVICES: 'beta:all': " + problem);
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=all", backends),
            "XPU_VISIBLE_DEVICES: 'all': " + problem);
  const Selection rest = select_env({"XPU_VISIBLE_DEVICES=all"}, backends, "warn");
  EXPECT_THAT(chosen(rest), ElementsAre("acme(acme:0,acme:1)"));
  EXPECT_THAT(rest.warnings, ElementsAre("XPU_VISIBLE_DEVICES: 'all': " + problem));
  // Others do not suffer.
  EXPECT_THAT(neutral("acme:0", backends), ElementsAre("acme(acme:0)"));
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=fast", backends),
            "XPU_VISIBLE_DEVICES: 'fast' is not a device of this host; there are acme:0, acme:1; " +
                problem);
  Device& last = backends[0].catalog.devices[1];
  last.uuid = "ACC-11aa22bb";
  last.pci = "0000:65:00.0";
  last.aliases = {"fast"};
  for (const char* name : {"ACC-11aa22bb", "65:00.0", "fast", "acme:1"}) {
    EXPECT_THAT(neutral(name, backends), ElementsAre("acme(acme:1)")) << name;
  }
}

TEST(Select, RefusesABareIndexWhereABackendFailedOrWasRefused) {
  Backends backends = acme_and_beta();
  const std::string intro =
      "XPU_VISIBLE_DEVICES: '1' is a bare index; write acme:1 if that is meant, because the "
      "backend beta ";
  for (const std::string policy : {"fail", "warn"}) {
    backends[1] = broken("beta", BackendState::kFailed, "it ended by signal 11");
    EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=1", backends, policy),
              intro + "failed: it ended by signal 11");
    EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=5", backends, policy),
              "XPU_VISIBLE_DEVICES: '5' is not a device of this host; there are acme:0, acme:1; "
              "the backend beta failed: it ended by signal 11");
    backends[1] = broken("beta", BackendState::kRefused, "others can write it");
    EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=1", backends, policy),
              intro + "was refused: others can write it");
    EXPECT_THAT(chosen(select_env({"ACME_DEVICES=1"}, backends, policy)),
                ElementsAre("acme(acme:1)"));
  }
  // One that is off, or found no device, is not meant.
  backends[1].found.enabled = false;
  EXPECT_THAT(neutral("1", backends), ElementsAre("acme(acme:1)"));
  EXPECT_THAT(neutral("all", backends), ElementsAre("acme(acme:0,acme:1)"));
  backends[1] = broken("beta", BackendState::kAbsent, "no driver");
  EXPECT_THAT(neutral("1", backends), ElementsAre("acme(acme:1)"));
}

TEST(Select, RefusesABareIndexInAVariableThatABrokenBackendShares) {
  Backends backends = acme_and_beta();
  backends[1] = broken("beta", BackendState::kFailed, "it hung");
  backends[1].found.manifest.device_variables = {"ACME_DEVICES"};
  EXPECT_EQ(error_for("ACME_DEVICES=1", backends),
            "ACME_DEVICES: '1' is a bare index; write acme:1 if that is meant, because the backend "
            "beta failed: it hung");
  EXPECT_THAT(chosen(select_env({"ACME_DEVICES=acme:1"}, backends)), ElementsAre("acme(acme:1)"));
}

TEST(Select, FailsWhenABackendInForceIsRefusedOrDisabled) {
  Backends backends = acme_and_beta();
  backends[1] = broken("beta", BackendState::kRefused, "its library can be written by others");
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=beta:0", backends),
            "XPU_VISIBLE_DEVICES: 'beta:0' is not a device of this host; the backend beta was "
            "refused: its library can be written by others");
  EXPECT_THAT(error_for("XPU_VISIBLE_DEVICES=all", backends), HasSubstr("beta was refused"));
  backends[1] = broken("beta", BackendState::kDisabled, "");
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=beta:all", backends),
            "XPU_VISIBLE_DEVICES: 'beta:all': the backend beta is not enabled; set enabled = true "
            "in [backends.beta]");
  EXPECT_THAT(neutral("all", backends), ElementsAre("acme(acme:0,acme:1)"));
}

TEST(Select, LeavesOutSimulatedDevicesBesideRealOnes) {
  Backends backends = acme_and_beta();
  backends[1] = simulated(backends[1]);
  backends[1].catalog.devices[0].uuid = "sim-uuid";
  EXPECT_THAT(neutral("all", backends), ElementsAre("acme(acme:0,acme:1)"));
  EXPECT_THAT(neutral("none", backends), ElementsAre("acme()"));
  EXPECT_THAT(neutral("0", backends), ElementsAre("acme(acme:0)"));
  EXPECT_NE(error_for("XPU_VISIBLE_DEVICES=sim-uuid", backends), "");
  EXPECT_THAT(neutral("beta:all", backends), ElementsAre("beta(beta:0)"));
  EXPECT_THAT(neutral("beta:sim-uuid", backends), ElementsAre("beta(beta:0)"));
  backends[0] = broken("acme", BackendState::kAbsent, "no driver");
  EXPECT_THAT(neutral("all", backends), ElementsAre("beta(beta:0)"));
  EXPECT_THAT(neutral("0", backends), ElementsAre("beta(beta:0)"));
}

TEST(Select, NeverGivesSimulatedDevicesInPlaceOfRealOnes) {
  Backends backends = acme_and_beta();
  backends[1] = simulated(backends[1]);
  backends[1].catalog.devices[0].uuid = "sim-uuid";
  for (const BackendState state : {BackendState::kRefused, BackendState::kFailed}) {
    backends[0] = broken("acme", state, "why");
    const std::string problem = std::string("the backend acme ") +
                                (state == BackendState::kFailed ? "failed" : "was refused") +
                                ": why";
    EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=0", backends),
              "XPU_VISIBLE_DEVICES: '0' is not a device of this host; " + problem);
    for (const std::string word : {"all", "none"}) {
      const std::string env = "XPU_VISIBLE_DEVICES=" + word;
      EXPECT_EQ(error_for(env, backends), "XPU_VISIBLE_DEVICES: '" + word + "': " + problem);
      const Selection soft = select_env({env}, backends, "warn");
      EXPECT_TRUE(soft.empty());
      EXPECT_THAT(soft.warnings, ElementsAre("XPU_VISIBLE_DEVICES: '" + word + "': " + problem,
                                             HasSubstr("'" + word + "': this host has no ")));
    }
    EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=sim-uuid", backends),
              "XPU_VISIBLE_DEVICES: 'sim-uuid' is not a device of this host; " + problem);
    EXPECT_THAT(neutral("beta:0", backends), ElementsAre("beta(beta:0)"));
  }
  // A backend that is there but has no device does not bring in simulated ones either.
  backends[0] = backend("acme", {});
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=0", backends),
            "XPU_VISIBLE_DEVICES: '0' is not a device of this host");
  EXPECT_THAT(neutral("none", backends), ElementsAre("acme()"));
  backends[0] = broken("acme", BackendState::kDisabled, "");
  EXPECT_THAT(neutral("0", backends), ElementsAre("beta(beta:0)"));
}

TEST(Select, GivesDriversWithoutDevices) {
  const Selection selection = select_env({"ACME_DEVICES=none"}, acme_and_beta());
  EXPECT_THAT(chosen(selection), ElementsAre("acme()"));
  EXPECT_THAT(selection.backends[0].capabilities, ElementsAre("compute"));
  EXPECT_THAT(neutral("none", acme_and_beta()), ElementsAre("acme()", "beta()"));
  EXPECT_THAT(neutral("acme:none,beta:0", acme_and_beta()), ElementsAre("acme()", "beta(beta:0)"));
  EXPECT_THAT(error_for("ACME_DEVICES=none", {broken("acme", BackendState::kAbsent, "no driver")}),
              HasSubstr("ACME_DEVICES: 'none': this host has no driver to give; the backend acme "
                        "found no device: no driver"));
}

TEST(Select, ServesTwoClaimedVariablesSideBySide) {
  EXPECT_THAT(chosen(select_env({"ACME_DEVICES=0", "BETA_DEVICES=0"}, acme_and_beta())),
              ElementsAre("acme(acme:0)", "beta(beta:0)"));
  EXPECT_THAT(chosen(select_env({"ACME_DEVICES=none", "BETA_DEVICES=all"}, acme_and_beta())),
              ElementsAre("acme()", "beta(beta:0)"));
}

// Three backends, the first with two vendors and a variable for each of them.
Backends three_backends() {
  Backends backends = {
      backend("lab", {device("anvil", "0"), device("anvil", "1"), device("hammer", "0"),
                      device("hammer", "1"), device("hammer", "10")}),
      backend("acme", {device("acme", "0"), device("acme", "1")}),
      backend("beta", {device("beta", "0")})};
  Manifest& lab = backends[0].found.manifest;
  lab.device_variables = {"ANVIL_DEVICES", "HAMMER_DEVICES", "LAB_DEVICES"};
  lab.variable_vendors = {{"ANVIL_DEVICES", {"anvil"}},
                          {"HAMMER_DEVICES", {"hammer"}},
                          {"LAB_DEVICES", {"anvil", "hammer"}}};
  return backends;
}

TEST(Select, MixesDevicesOfSeveralBackends) {
  const Backends backends = three_backends();
  EXPECT_THAT(neutral("acme:0,beta:0,lab:all", backends),
              ElementsAre("lab(anvil:0,anvil:1,hammer:0,hammer:1,hammer:10)", "acme(acme:0)",
                          "beta(beta:0)"));
  EXPECT_THAT(neutral("acme:1,hammer:all,beta:0", backends),
              ElementsAre("lab(hammer:0,hammer:1,hammer:10)", "acme(acme:1)", "beta(beta:0)"));
  EXPECT_THAT(neutral("hammer:0-1,acme:ALL", backends),
              ElementsAre("lab(hammer:0,hammer:1)", "acme(acme:0,acme:1)"));
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=hammer:0-2", backends),
            "XPU_VISIBLE_DEVICES: 'hammer:2' is not a device of this host; there are anvil:0, "
            "anvil:1, hammer:0, hammer:1, hammer:10");
}

TEST(Select, GivesWhatAVariableIsAbout) {
  const Backends backends = three_backends();
  const auto given = [&](const std::vector<std::string>& env) {
    return chosen(select_env(env, backends));
  };
  EXPECT_THAT(given({"HAMMER_DEVICES=all"}), ElementsAre("lab(hammer:0,hammer:1,hammer:10)"));
  EXPECT_THAT(given({"HAMMER_DEVICES=10"}), ElementsAre("lab(hammer:10)"));
  EXPECT_THAT(given({"HAMMER_DEVICES=0", "ANVIL_DEVICES=1"}), ElementsAre("lab(anvil:1,hammer:0)"));
  EXPECT_THAT(given({"HAMMER_DEVICES=all", "ANVIL_DEVICES=none"}),
              ElementsAre("lab(hammer:0,hammer:1,hammer:10)"));
  EXPECT_EQ(error_for("ANVIL_DEVICES=10", backends),
            "ANVIL_DEVICES: '10' is not a device of this host; there are anvil:0, anvil:1");
  EXPECT_EQ(error_for("ANVIL_DEVICES=hammer:0", backends),
            "ANVIL_DEVICES: 'hammer:0' is not a device of this host; there are anvil:0, anvil:1");
}

TEST(Select, TakesABareIndexAsThatOfTheFirstVendorThatHasADevice) {
  Backends backends = three_backends();
  const auto given = [&](const std::string& value) {
    return chosen(select_env({"LAB_DEVICES=" + value}, backends));
  };
  EXPECT_THAT(given("0"), ElementsAre("lab(anvil:0)"));
  EXPECT_THAT(given("0-1"), ElementsAre("lab(anvil:0,anvil:1)"));
  EXPECT_THAT(given("hammer:0"), ElementsAre("lab(hammer:0)"));
  EXPECT_THAT(given("0,hammer:0-1"), ElementsAre("lab(anvil:0,hammer:0,hammer:1)"));
  EXPECT_THAT(given("hammer:all"), ElementsAre("lab(hammer:0,hammer:1,hammer:10)"));
  EXPECT_THAT(given("all"), ElementsAre("lab(anvil:0,anvil:1,hammer:0,hammer:1,hammer:10)"));
  EXPECT_EQ(error_for("LAB_DEVICES=10", backends),
            "LAB_DEVICES: '10' is not a device of this host; there are anvil:0, anvil:1, hammer:0, "
            "hammer:1, hammer:10");
  std::vector<Device>& devices = backends[0].catalog.devices;
  devices.erase(devices.begin(), devices.begin() + 2);
  EXPECT_THAT(given("0"), ElementsAre("lab(hammer:0)"));
  EXPECT_EQ(error_for("LAB_DEVICES=anvil:0", backends),
            "LAB_DEVICES: 'anvil:0': there is no backend and no vendor 'anvil' on this host; there "
            "are hammer:0, hammer:1, hammer:10, acme:0, acme:1, beta:0");
  EXPECT_EQ(error_for("ANVIL_DEVICES=all", backends),
            "ANVIL_DEVICES: 'all': this host has no device of anvil to give; on-unavailable = "
            "\"warn\" in /etc/x.toml lets such containers start without one");
}

TEST(Select, KnowsTheVendorsOfABackendThatIsBroken) {
  Backends backends = three_backends();
  backends[0].state = BackendState::kFailed;
  backends[0].reason = "it hung";
  backends[0].catalog.devices.clear();
  for (const char* variable : {"LAB_DEVICES", "XPU_VISIBLE_DEVICES"}) {
    EXPECT_EQ(error_for(std::string(variable) + "=hammer:all", backends),
              std::string(variable) + ": 'hammer:all': the backend lab failed: it hung");
  }
  EXPECT_EQ(error_for("XPU_VISIBLE_DEVICES=hammer:0", backends),
            "XPU_VISIBLE_DEVICES: 'hammer:0' is not a device of this host; the backend lab failed: "
            "it hung");
}

TEST(Select, PrefersTheVendorOfTheConfiguration) {
  const Backends backends = three_backends();
  Config config;
  config.file = "/etc/x.toml";
  config.preferred_vendor = "acme";
  const auto given = [&](const std::string& value) {
    return chosen(
        select(test::request_of({"XPU_VISIBLE_DEVICES=" + value}, backends), backends, config));
  };
  EXPECT_THAT(given("0"), ElementsAre("acme(acme:0)"));
  EXPECT_THAT(given("0-1"), ElementsAre("acme(acme:0,acme:1)"));
  EXPECT_THAT(given("0,beta:0"), ElementsAre("acme(acme:0)", "beta(beta:0)"));
  EXPECT_THAT(given("beta:all"), ElementsAre("beta(beta:0)"));
  EXPECT_EQ(error_of([&] { given("10"); }),
            "XPU_VISIBLE_DEVICES: '10' is not a device of this host; there are anvil:0, anvil:1, "
            "hammer:0, hammer:1, hammer:10, acme:0, acme:1, beta:0; preferred-vendor makes a bare "
            "index one of acme");
  config.preferred_vendor = "gamma";
  EXPECT_EQ(error_of([&] { given("10"); }),
            "XPU_VISIBLE_DEVICES: '10' is a bare index, and this host has devices of acme, anvil, "
            "beta, hammer; write the vendor too: hammer:10");
  // A variable of a backend means its own.
  config.preferred_vendor = "hammer";
  EXPECT_THAT(chosen(select(test::request_of({"LAB_DEVICES=0"}, backends), backends, config)),
              ElementsAre("lab(anvil:0)"));
  // The index of a preferred vendor whose backend is broken is nobody else's.
  Backends broken_one = {broken("acme", BackendState::kFailed, "it hung"), backends[2]};
  config.preferred_vendor = "acme";
  EXPECT_EQ(error_of([&] {
              select(test::request_of({"XPU_VISIBLE_DEVICES=0"}, broken_one), broken_one, config);
            }),
            "XPU_VISIBLE_DEVICES: '0' is a bare index; write beta:0 if that is meant, because the "
            "backend acme failed: it hung");
}

TEST(Select, ChecksCapabilities) {
  const auto capabilities = [](const std::string& value) {
    return select_env({"ACME_DEVICES=0", "CAPS=" + value}, acme_only()).backends[0].capabilities;
  };
  EXPECT_THAT(capabilities(""), ElementsAre("compute"));
  EXPECT_THAT(capabilities("video,compute"), ElementsAre("compute", "video"));
  EXPECT_THAT(capabilities("all"), ElementsAre("compute", "utility", "video"));
  EXPECT_EQ(
      error_of([&] { capabilities("compute,magic"); }),
      "CAPS: the backend acme does not offer the capability 'magic'; it offers compute, utility, "
      "video");
  Backends backends = acme_only();
  backends[0].found.manifest.file = "/b/acme.toml";
  backends[0].catalog.capabilities.clear();
  EXPECT_EQ(error_for("ACME_DEVICES=0", backends),
            "default-capabilities of /b/acme.toml: the backend acme does not offer the capability "
            "'compute'; it offers none");
}

TEST(BackendsNeeded, AreThoseThatClaimTheVariable) {
  const Backends backends = acme_and_beta();
  const auto needed = [&](const std::string& variable) {
    std::vector<FoundBackend> found;
    for (const BackendStatus& backend : backends) {
      found.push_back(backend.found);
    }
    return backends_needed(test::request_of({variable}, backends), found, default_config());
  };
  EXPECT_THAT(needed("BETA_DEVICES=0"), Optional(ElementsAre("beta")));
  EXPECT_THAT(needed("XPU_VISIBLE_DEVICES=beta:0"), Optional(IsEmpty()));
  EXPECT_EQ(needed("XPU_VISIBLE_DEVICES=other.com/gpu=0"), std::nullopt);
  EXPECT_THAT(needed("XPU_VISIBLE_DEVICES=other.com/gpu=0,xpu.dev/beta=0"),
              Optional(ElementsAre("beta")));
  EXPECT_THAT(needed("XPU_VISIBLE_DEVICES=xpu.dev/gamma=0"), Optional(IsEmpty()));
  EXPECT_THAT(needed("XPU_VISIBLE_DEVICES=other.com/gpu=0,0"), Optional(IsEmpty()));
  EXPECT_THAT(needed("ACME_DEVICES=0,xpu.dev/beta=0"), Optional(ElementsAre("acme", "beta")));
}

TEST(AnswersTo, NeedsAName) {
  const Device d = device("acme", "0");
  EXPECT_FALSE(answers_to(d, ""));
  EXPECT_TRUE(is_index("0:12"));
  for (const char* name : {"", ":", "0:", ":0", "0x1", "-1"}) {
    EXPECT_FALSE(is_index(name)) << name;
  }
}

}  // namespace
}  // namespace xpu
