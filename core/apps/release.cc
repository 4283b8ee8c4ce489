// SPDX-License-Identifier: Apache-2.0
#include "core/apps/release.h"

#include <algorithm>
#include <ctime>

#include "core/apps/ps.h"
#include "core/base/error.h"
#include "core/record/ledger.h"

namespace xpu {
namespace {

std::string title(const Record& record) {
  return record.origin.name.empty() ? record.id : cat(record.origin.name, " (", record.id, ')');
}

std::string list_of(const std::vector<Record>& records) {
  std::string out;
  for (const Record& record : records) {
    out += cat(out.empty() ? "" : ", ", title(record), " in ", record.runtime_root);
  }
  return out.empty() ? "nobody" : out;
}

std::string devices_of(const Record& record) {
  std::string out;
  for (const HeldRecord& held : record.held) {
    out += cat(out.empty() ? "" : ", ", held.id);
  }
  return out;
}

// The records that `matches` is true of.
template <class Matches>
std::vector<Record> those(const std::vector<Record>& records, Matches matches) {
  std::vector<Record> out;
  std::copy_if(records.begin(), records.end(), std::back_inserter(out), matches);
  return out;
}

// A whole id counts more than a name, and a name more than the beginning of an id.
Record find_one(const std::vector<Record>& holders, const std::string& container) {
  if (container.empty()) {
    fail("say which container: its id or its name; devices are held by ", list_of(holders));
  }
  std::vector<Record> found = those(holders, [&](const Record& r) { return r.id == container; });
  if (found.empty()) {
    found = those(holders, [&](const Record& r) { return r.origin.name == container; });
  }
  if (found.empty()) {
    found = those(holders, [&](const Record& r) { return r.id.starts_with(container); });
  }
  if (found.empty()) {
    fail("no container '", container, "' holds a device; devices are held by ", list_of(holders));
  }
  if (found.size() > 1) {
    fail("'", container, "' can mean several containers: ", list_of(found),
         "; use the whole id of one, and stop it with its engine if that is the same too");
  }
  return found.front();
}

// Record, ledger and account of one that goes on living: it keeps what it was given, so its record
// stays, with nothing in it that counts as held.
void let_go(Records& records, Record record, const OnDead& on_dead) {
  try {
    if (on_dead) {
      on_dead(record, static_cast<std::int64_t>(std::time(nullptr)), false);
    }
  } catch (const Error&) {
    // The account is not worth the device that others wait for.
  }
  record.held.clear();
  record.exclusive = false;
  records.write(record);
}

}  // namespace

std::string release_container(const std::string& state_dir, const std::string& container,
                              bool force, const OnDead& on_dead) {
  Records records(state_dir);
  const Record record =
      find_one(those(records.all(), [](const Record& r) { return !r.held.empty(); }), container);
  const bool live = Records::live(record);
  if (live && !force) {
    fail("container ", title(record), " runs and uses ", devices_of(record),
         "; stop it, or release it with --force: others may then get the device, and it keeps its "
         "access until it ends");
  }
  Ledger ledger(state_dir);
  ledger.remove(record.runtime_root, record.id);
  ledger.commit();
  for (const Lease& lease : ledger.ended()) {
    records.finish(lease.runtime_root, lease.id, on_dead);
  }
  if (live) {
    let_go(records, record, on_dead);
  } else {
    records.finish(record.runtime_root, record.id, on_dead);
  }
  return cat("released ", devices_of(record), ", held by ", title(record), " for ",
             age_text(static_cast<std::int64_t>(std::time(nullptr)) - record.created_unix),
             live ? "; the container runs on and keeps its access until it ends" : "");
}

}  // namespace xpu
