// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "core/base/error.h"
#include "core/catalog/catalog.h"
#include "core/catalog/grammar.h"
#include "tests/unit/catalog/sample.h"

namespace xpu {
namespace {

struct Case {
  const char* name;
  std::function<void(Catalog&)> spoil;
  std::string message;  // after "backend acme: "
};

void PrintTo(const Case& item, std::ostream* out) {
  *out << item.name;
}

class Validate : public testing::TestWithParam<Case> {};

TEST(ValidateGood, AcceptsTheSample) {
  EXPECT_NO_THROW(validate(sample_catalog()));
}

TEST(ValidateGood, AcceptsAnEmptyOne) {
  Catalog catalog;
  catalog.backend = "acme";
  EXPECT_NO_THROW(validate(catalog));
}

TEST(ValidateGood, PartitionsMayShareAnAddress) {
  Catalog catalog = sample_catalog();
  catalog.devices[1].pci = catalog.devices[0].pci;
  EXPECT_NO_THROW(validate(catalog));
}

TEST_P(Validate, NamesTheItem) {
  Catalog catalog = sample_catalog();
  GetParam().spoil(catalog);
  try {
    validate(catalog);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), "backend acme: " + GetParam().message);
  }
}

Node& node(Catalog& c) {
  return c.edits[0].nodes[0];
}
File& library(Catalog& c) {
  return c.edits[0].files[0];
}
File& data(Catalog& c) {
  return c.edits[0].files[1];
}

const Case kDevices[] = {
    {"TooMany", [](Catalog& c) { c.devices.resize(4097); },
     "describes 4097 devices; at most 4096 are accepted"},
    {"Vendor", [](Catalog& c) { c.devices[0].vendor = "Acme"; },
     "the vendor \"Acme\" of a device is not [a-z][a-z0-9-]* of at most 32 characters"},
    {"VendorLong", [](Catalog& c) { c.devices[0].vendor = std::string(33, 'a'); },
     "the vendor \"" + std::string(33, 'a') +
         "\" of a device is not [a-z][a-z0-9-]* of at most 32 characters"},
    {"Index", [](Catalog& c) { c.devices[0].index = "0:"; },
     "the index \"0:\" of a device of acme is not digits and ':'"},
    {"Id", [](Catalog& c) { c.devices[0].id = "acme:1"; }, "device acme:0 has the id \"acme:1\""},
    {"Twice", [](Catalog& c) { c.devices[1] = c.devices[0]; }, "device acme:0 is described twice"},
    {"NoName", [](Catalog& c) { c.devices[0].name = ""; }, "device acme:0 has no name"},
    {"NameControl", [](Catalog& c) { c.devices[0].name = "a\x1b[2J"; },
     "device acme:0: the name \"a?[2J\" is too long, not UTF-8 or has control characters"},
    {"NameUtf8", [](Catalog& c) { c.devices[0].name = "a\xff"; },
     "device acme:0: the name \"a?\" is too long, not UTF-8 or has control characters"},
    {"NameLong", [](Catalog& c) { c.devices[0].name = std::string(1025, 'n'); },
     "device acme:0: the name \"" + std::string(80, 'n') +
         "...\" is too long, not UTF-8 or has control characters"},
    {"Uuid", [](Catalog& c) { c.devices[0].uuid = "\n"; },
     "device acme:0: the UUID \"?\" is too long, not UTF-8 or has control characters"},
    {"NoReason", [](Catalog& c) { c.devices[1].reason = ""; },
     "device acme:0:1 is not available without a reason"},
    {"Numa", [](Catalog& c) { c.devices[0].numa_node = -2; }, "device acme:0 has the NUMA node -2"},
    {"Pci", [](Catalog& c) { c.devices[0].pci = "0000:6A:00.0"; },
     "device acme:0 has the PCI address \"0000:6A:00.0\"; a lower-case address such as "
     "0000:65:00.0 is wanted"},
    {"ParentUnknown", [](Catalog& c) { c.devices[1].parent = "acme:7"; },
     "device acme:0:1 has the parent \"acme:7\", which was not described before it"},
    {"ParentSelf", [](Catalog& c) { c.devices[1].parent = "acme:0:1"; },
     "device acme:0:1 has the parent \"acme:0:1\", which was not described before it"},
    {"ParentIsAPart",
     [](Catalog& c) {
       Device part = c.devices[1];
       part.index = "0:1:0";
       part.id = "acme:0:1:0";
       part.parent = "acme:0:1";
       c.devices.push_back(part);
     },
     "device acme:0:1:0 has the parent acme:0:1, which is a part of acme:0; name the whole device "
     "instead"},
    {"ParentNone", [](Catalog& c) { c.devices[1].parent = ""; },
     "device acme:0:1 is a partition without a parent"},
    {"AliasComma", [](Catalog& c) { c.devices[0].aliases = {"a,b"}; },
     "device acme:0 has the alias \"a,b\"; an alias has no comma and no space"},
    {"AliasAll", [](Catalog& c) { c.devices[0].aliases = {"all"}; },
     "device acme:0 has the alias all, which requests use for something else"},
    {"AliasTwice", [](Catalog& c) { c.devices[1].aliases = {"größe"}; },
     "the name \"gr??\?\?e\" leads to device acme:0 and to device acme:0:1"},
    {"AliasIndex", [](Catalog& c) { c.devices[0].aliases = {"0:1"}; },
     "the alias \"0:1\" of device acme:0 is the index of another device"},
    {"AliasMany", [](Catalog& c) { c.devices[0].aliases.resize(33, "x"); },
     "describes 33 aliases of one device; at most 32 are accepted"},
    {"UuidTwice", [](Catalog& c) { c.devices[1].uuid = "ACME-1111"; },
     "the name \"ACME-1111\" leads to device acme:0 and to device acme:0:1"},
    {"PropertyKey",
     [](Catalog& c) {
       c.devices[0].properties = {{"A", "1"}};
     },
     "property \"A\" of device acme:0 is not a key"},
    {"PropertyTwice",
     [](Catalog& c) {
       c.properties = {{"a", "1"}, {"a", "2"}};
     },
     "property a of the backend is there twice"},
    {"PropertyValue",
     [](Catalog& c) {
       c.properties = {{"a", "\x7f"}};
     },
     "property a of the backend \"?\" is too long, not UTF-8 or has control characters"},
    {"ConnectionUnknown", [](Catalog& c) { c.interconnects[0].peer = "acme:9"; },
     "a connection of \"acme:0\" and \"acme:9\" names a device that was not described"},
    {"ConnectionSelf", [](Catalog& c) { c.interconnects[0].peer = "acme:0"; },
     "device acme:0 is connected to itself"},
    {"ConnectionType", [](Catalog& c) { c.interconnects[0].type = ""; },
     "the connection type \"\" is not a name"},
    {"Capability", [](Catalog& c) { c.capabilities[1] = "Big"; },
     "capability \"Big\" is not a name"},
    {"CapabilityTwice", [](Catalog& c) { c.capabilities[1] = "compute"; },
     "capability compute is there twice"},
    {"Version", [](Catalog& c) { c.version = "1\n2"; },
     "its version \"1?2\" is too long, not UTF-8 or has control characters"},
    {"Reason", [](Catalog& c) { c.reason = std::string("\0", 1); },
     "its reason \"?\" is too long, not UTF-8 or has control characters"},
};
INSTANTIATE_TEST_SUITE_P(Devices, Validate, testing::ValuesIn(kDevices),
                         [](const auto& item) { return item.param.name; });

const Case kEdits[] = {
    {"TooMany", [](Catalog& c) { c.edits[0].env.resize(131073); },
     "describes 131087 edits; at most 131072 are accepted"},
    {"ScopeDevice", [](Catalog& c) { c.edits[0].scope.device = "acme:5"; },
     "an edit is for the device \"acme:5\", which was not described"},
    {"ScopeCapabilities", [](Catalog& c) { c.edits[0].scope.capability = "compute,video"; },
     "an edit is for the capability \"video\", which was not declared"},
    {"ScopeCapabilityEmpty", [](Catalog& c) { c.edits[0].scope.capability = "compute,"; },
     "an edit is for the capability \"\", which was not declared"},
    {"ScopeCapability", [](Catalog& c) { c.edits[0].scope.capability = "video"; },
     "an edit is for the capability \"video\", which was not declared"},
    {"NodeRelative", [](Catalog& c) { node(c).host_path = "dev/null"; },
     "a device node on the host, \"dev/null\" is not an absolute path without \"..\", \".\" and "
     "double slashes"},
    {"NodeDots", [](Catalog& c) { node(c).container_path = "/dev/../etc/x"; },
     "a device node in the container, \"/dev/../etc/x\" is not an absolute path without \"..\", "
     "\".\" and double slashes"},
    {"NodeNotInDev", [](Catalog& c) { node(c).container_path = "/device/x"; },
     "the device node /device/x is not below /dev"},
    {"NodeMissing", [](Catalog& c) { node(c).host_path = "/dev/acme-missing"; },
     "the device node /dev/acme-missing: No such file or directory"},
    {"NodeRegular", [](Catalog& c) { node(c).host_path = "/etc/hostname"; },
     "/etc/hostname is not a device node"},
    {"NodeSymlink", [](Catalog& c) { node(c).host_path = "/dev/stdin"; },
     "/dev/stdin is not a device node"},
    {"NodeNumbers", [](Catalog& c) { node(c).minor = 5; },
     "/dev/null is the node c 1:3, described as c 1:5"},
    {"NodeType", [](Catalog& c) { node(c).type = 'b'; },
     "/dev/null is the node c 1:3, described as b 1:3"},
    {"FileHost", [](Catalog& c) { data(c).host_path = "/opt//x"; },
     "a driver file on the host, \"/opt//x\" is not an absolute path without \"..\", \".\" and "
     "double slashes"},
    {"FileContainer", [](Catalog& c) { data(c).container_path = "/"; },
     "a driver file in the container, \"/\" is not an absolute path without \"..\", \".\" and "
     "double slashes"},
    {"FileProc", [](Catalog& c) { data(c).container_path = "/proc/acme/x"; },
     "the driver file /proc/acme/x is below /proc, where nothing can be mounted"},
    {"LibraryContainer", [](Catalog& c) { library(c).container_path = "/usr/lib/x.so"; },
     "the library /opt/acme/libacme.so.535.1 has the container path \"/usr/lib/x.so\"; \"\" or a "
     "relative path is wanted"},
    {"LibraryEscapes", [](Catalog& c) { library(c).container_path = "../x.so"; },
     "the library /opt/acme/libacme.so.535.1 has the container path \"../x.so\"; \"\" or a "
     "relative path is wanted"},
    {"LibrarySoname", [](Catalog& c) { library(c).soname = "a/b"; },
     "the library /opt/acme/libacme.so.535.1 has the SONAME \"a/b\""},
    {"LibraryNoSoname", [](Catalog& c) { library(c).soname = ""; },
     "the library /opt/acme/libacme.so.535.1 has the SONAME \"\""},
    {"LibraryArchitecture", [](Catalog& c) { library(c).architecture = "X86-64"; },
     "the library /opt/acme/libacme.so.535.1 has the architecture \"X86-64\"; one such as x86_64 "
     "is wanted"},
    {"LibraryLink", [](Catalog& c) { library(c).links = {".."}; },
     "the library /opt/acme/libacme.so.535.1 has the further name \"..\""},
    {"EnvName", [](Catalog& c) { c.edits[0].env[0].name = "A=B"; },
     "the variable \"A=B\" is not [A-Za-z_][A-Za-z0-9_]*"},
    {"EnvValue", [](Catalog& c) { c.edits[0].env[0].value = "a\nB=c"; },
     "the value of the variable ACME_HOME \"a?B=c\" is too long, not UTF-8 or has control "
     "characters"},
    {"LinkPath", [](Catalog& c) { c.edits[0].links[0].path = "x"; },
     "a link \"x\" is not an absolute path without \"..\", \".\" and double slashes"},
    {"LinkInRoot", [](Catalog& c) { c.edits[0].links[0].path = "/x"; },
     "the link /x is directly in /, which a folder of links would hide; put it in a folder of its "
     "own"},
    {"LinkInEtc", [](Catalog& c) { c.edits[0].links[0].path = "/etc/x"; },
     "the link /etc/x is directly in /etc, which a folder of links would hide; put it in a folder "
     "of its own"},
    {"LinkInDev", [](Catalog& c) { c.edits[0].links[0].path = "/dev/x"; },
     "the link /dev/x is directly in /dev, which a folder of links would hide; put it in a folder "
     "of its own"},
    {"LinkInUsrLib", [](Catalog& c) { c.edits[0].links[0].path = "/usr/lib64/x"; },
     "the link /usr/lib64/x is directly in /usr/lib64, which a folder of links would hide; put it "
     "in a folder of its own"},
    {"DirectoryOfTheSystem",
     [](Catalog& c) {
       c.edits[0].files.push_back({FileKind::kDirectory, "/opt/acme", "/usr/share", "", "", {}});
     },
     "the driver folder /usr/share would hide a folder of the container's system; give a folder "
     "below it"},
    {"LinkTarget", [](Catalog& c) { c.edits[0].links[0].target = ""; },
     "the link /dev/acme/by-path/x has no target"},
    {"ConditionPath", [](Catalog& c) { c.conditions[0].path = "etc"; },
     "the path of a condition, \"etc\" is not an absolute path without \"..\", \".\" and double "
     "slashes"},
    {"ConditionProc", [](Catalog& c) { c.conditions[0].path = "/proc/version"; },
     "a condition of kind stat for /proc/version, which is on sysfs or procfs, where times mean "
     "nothing; use kind content or listing"},
    {"ConditionSysMissing", [](Catalog& c) { c.conditions[0].path = "/sys/class/acme/missing"; },
     "a condition of kind stat for /sys/class/acme/missing, which is on sysfs or procfs, where "
     "times mean nothing; use kind content or listing"},
    {"ConditionZero", [](Catalog& c) { c.conditions[3].expected = "0"; },
     "a time to live of \"0\" is not 1 to 31536000 seconds without a path"},
    {"ConditionYears", [](Catalog& c) { c.conditions[3].expected = "31536001"; },
     "a time to live of \"31536001\" is not 1 to 31536000 seconds without a path"},
    {"ConditionMany", [](Catalog& c) { c.conditions.resize(1025); },
     "describes 1025 conditions; at most 1024 are accepted"},
};
INSTANTIATE_TEST_SUITE_P(Edits, Validate, testing::ValuesIn(kEdits),
                         [](const auto& item) { return item.param.name; });

TEST(ValidateBackend, RefusesItsName) {
  Catalog catalog;
  catalog.backend = "Ac\nme";
  try {
    validate(catalog);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "a description names its backend \"Ac?me\"; a name is [a-z][a-z0-9-]*, at most 32 "
                 "characters");
  }
}

TEST(Grammar, Utf8) {
  using grammar::is_text;
  EXPECT_TRUE(is_text("", 4));
  EXPECT_TRUE(is_text("\xf0\x9f\x98\x80", 4));
  EXPECT_FALSE(is_text("\xf0\x9f\x98\x80", 3));
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc2", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xc2\x85", "\t", "\x7f", "\xe2\x82"}) {
    EXPECT_FALSE(is_text(bad, 100)) << testing::PrintToString(bad);
  }
}

}  // namespace
}  // namespace xpu
