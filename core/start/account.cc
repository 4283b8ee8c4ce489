// SPDX-License-Identifier: Apache-2.0
#include "core/start/account.h"

#include <unistd.h>

#include <optional>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/log/log.h"
#include "core/record/ledger.h"
#include "core/start/start.h"

namespace xpu {
namespace {

template <class Write>
void keep_or_throw(const Config& config, const Record& record, Write write) {
  if (!config.accounting || record.held.empty()) {
    return;
  }
  try {
    write();
  } catch (const std::exception& error) {
    log::warn(cat("what container ", record.id, " uses is not accounted for: ", error.what()));
    throw;
  }
}

template <class Write>
void keep(const Config& config, const Record& record, Write write) noexcept {
  try {
    keep_or_throw(config, record, write);
  } catch (const std::exception&) {
    // It was said.
  }
}

}  // namespace

Usage usage_of(const Record& record) {
  Usage usage;
  usage.lease = cat(hex64(fnv1a(record.id, fnv1a(record.runtime_root))), "-", record.created_ns);
  usage.container = record.id;
  usage.name = record.origin.name;
  usage.image = record.origin.image;
  usage.engine = record.origin.engine;
  usage.label = record.origin.label;
  usage.exclusive = record.exclusive;
  usage.begin_unix = record.created_unix;
  for (const HeldRecord& held : record.held) {
    usage.devices.push_back(
        {held.id, held.key, held.vendor, held.model, held.price, held.currency});
  }
  return usage;
}

void begin_account(const Config& config, const Record& record) noexcept {
  keep(config, record,
       [&] { append_begin(config.usage_dir, config.keep_months, usage_of(record)); });
}

void end_account(const Config& config, const Record& record, std::int64_t end_unix,
                 bool estimated) {
  keep_or_throw(config, record, [&] {
    Usage usage = usage_of(record);
    usage.end_unix = end_unix;
    usage.end_estimated = estimated;
    append_end(config.usage_dir, config.keep_months, usage);
  });
}

void stamp_account(const Config& config, const Record& record, std::int64_t unix_time) noexcept {
  keep(config, record, [&] {
    append_stamp(config.usage_dir, config.keep_months, usage_of(record).lease, unix_time);
  });
}

void finish_dead(const Config& config, Records& records, const std::vector<Lease>& ended) noexcept {
  const auto end = [&](const Record& record, std::int64_t end_unix, bool estimated) {
    end_account(config, record, end_unix, estimated);
  };
  for (const Lease& lease : ended) {
    records.finish(lease.runtime_root, lease.id, end);
  }
  // Records that no lease leads to: of containers with drivers only, or after a lost ledger.
  if (::getpid() % 16 == 0) {
    records.sweep(1, end);
  }
}

void forget_dead(const Config& config, Records& records, const ContainerName& name) noexcept {
  try {
    const std::optional<Record> record = records.find(name.runtime_root, name.id);
    if (!record || Records::live(*record)) {
      return;
    }
    std::vector<Lease> ended;
    {
      Ledger ledger(config.state_dir);
      // One that lives is of a start that came first.
      if (ledger.holdings().lease_of(name.runtime_root, name.id) == nullptr) {
        ledger.remove(name.runtime_root, name.id);
      }
      ledger.commit();
      ended = ledger.ended();
    }
    ended.push_back(Lease{.id = name.id, .runtime_root = name.runtime_root});
    finish_dead(config, records, ended);
  } catch (const std::exception&) {
    // The device stays held until the container ends that has the id now.
  }
}

}  // namespace xpu
