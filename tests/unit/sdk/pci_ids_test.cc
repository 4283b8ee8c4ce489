// SPDX-License-Identifier: Apache-2.0
#include "sdk/helpers/pci_ids.h"

#include <gtest/gtest.h>

#include "tests/unit/sdk/tree.h"

namespace xpu::sdk {
namespace {

constexpr const char* kIds =
    "# a comment\n"
    "1da3  Habana Labs Ltd.\n"
    "\t1020  Gaudi2\n"
    "8086  Intel Corporation\n"
    "# a comment between devices\n"
    "\t56a0  DG2 [Arc A770]\n"
    "\t\t1849 6010  A board\n"
    "\t5912  HD Graphics 630\n"
    "8087  Intel Corp.\n"
    "\te20b  Somebody else's\n";

TEST(PciIds, KnowNamesByVendorAndDevice) {
  const test::Tree tree;
  tree.file("/usr/share/misc/pci.ids", kIds);
  const Root root(tree.path());
  const PciIds ids(root);
  EXPECT_EQ(ids.name(0x8086, 0x56a0), "DG2 [Arc A770]");
  EXPECT_EQ(ids.name(0x8086, 0x5912), "HD Graphics 630");
  EXPECT_EQ(ids.name(0x1da3, 0x1020), "Gaudi2");
  EXPECT_EQ(ids.name(0x8086, 0xe20b), "") << "another vendor's";
  EXPECT_EQ(ids.name(0x8086, 0x1849), "") << "a board is no device";
  EXPECT_EQ(ids.name(0x8087, 0xe20b), "Somebody else's");
  EXPECT_EQ(ids.name(0x8087, 0x0001), "");
  EXPECT_EQ(ids.name(0x1234, 0x56a0), "");
}

TEST(PciIds, MayBeElsewhereOrMissing) {
  const test::Tree tree;
  const Root root(tree.path());
  EXPECT_EQ(PciIds(root).name(0x8086, 0x56a0), "");
  tree.file("/usr/share/hwdata/pci.ids", kIds);
  EXPECT_EQ(PciIds(root).name(0x8086, 0x56a0), "DG2 [Arc A770]");
  tree.file("/usr/share/misc/pci.ids", "8086  Intel");
  EXPECT_EQ(PciIds(root).name(0x8086, 0x56a0), "") << "cut off in the middle";
}

TEST(PciIds, MarketingNameIsInBrackets) {
  EXPECT_EQ(marketing_name("DG2 [Arc A770]"), "Arc A770");
  EXPECT_EQ(marketing_name("Navi 21 [Radeon RX 6800/6800 XT / 6900 XT]"),
            "Radeon RX 6800/6800 XT / 6900 XT");
  EXPECT_EQ(marketing_name("HD Graphics 630"), "HD Graphics 630");
  EXPECT_EQ(marketing_name("Odd ]["), "Odd ][");
  EXPECT_EQ(marketing_name("Empty []"), "Empty []");
}

}  // namespace
}  // namespace xpu::sdk
