// SPDX-License-Identifier: Apache-2.0
// Any bytes as a list of leases, once as they are and once with a last line that fits them: what is
// good is written and read as itself.
#include <algorithm>

#include "core/base/file.h"
#include "core/lease/fast_hash.h"
#include "core/lease/lease_format.h"
#include "tests/fuzz/check.h"

namespace {

// Every second lease as it was read, the others made again after those.
std::string written(const xpu::LeaseFile& file, std::string_view boot) {
  std::vector<const xpu::LeaseRow*> kept;
  std::vector<xpu::Lease> made;
  for (const xpu::LeaseRow& row : file.rows.leases) {
    if (kept.size() <= made.size()) {
      kept.push_back(&row);
    } else {
      made.push_back(xpu::to_lease(file.rows, row));
    }
  }
  std::vector<const xpu::Waiter*> waiters;
  for (const xpu::Waiter& waiter : file.waiters) {
    waiters.push_back(&waiter);
  }
  return xpu::leases_text(boot, file.rows, kept, made, waiters);
}

void try_text(const std::string& text) {
  constexpr std::string_view kBoot = "boot";
  const xpu::LeaseFile file = xpu::parse_leases(text, kBoot);
  if (file.state != xpu::LeaseFile::State::kGood) {
    xpu::check(file.rows.leases.empty() && file.waiters.empty(), "nothing from a bad file");
    return;
  }
  const std::string again = written(file, kBoot);
  const xpu::LeaseFile same = xpu::parse_leases(again, kBoot);
  xpu::check(same.state == xpu::LeaseFile::State::kGood, "what is written is good");
  xpu::check(same.waiters == file.waiters, "waiters come back");
  const std::vector<xpu::Lease> before = xpu::Holdings::of(file.rows, {}).leases();
  const std::vector<xpu::Lease> after = xpu::Holdings::of(same.rows, {}).leases();
  xpu::check(std::is_permutation(before.begin(), before.end(), after.begin(), after.end()),
             "leases come back");
  const xpu::Holdings holdings = xpu::Holdings::of(file.rows, file.waiters);
  for (const xpu::Lease& lease : before) {
    for (const xpu::HeldDevice& device : lease.devices) {
      xpu::check(device.key.empty() || holdings.holders(device) > 0, "who holds it is counted");
      xpu::check(device.key.empty() || holdings.obstacle(device, true, 0).holder != nullptr,
                 "and is in the way");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try_text(text);
  try_text(text + "end " + xpu::hex64(xpu::fast_hash(text)) + "\n");
  return 0;
}
