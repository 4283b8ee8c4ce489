// SPDX-License-Identifier: Apache-2.0

#include "core/base/clock.h"
#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/engine/origin.h"
#include "core/log/log.h"
#include "core/plan/number_links.h"
#include "core/spec/apply.h"
#include "core/start/account.h"
#include "core/start/mode.h"
#include "core/start/start.h"

namespace xpu {
namespace {

constexpr const char* kStateInBundle = ".xpu-state";

// One hash that changes when any catalog of the selection does.
std::string generation(const Decision& decision) {
  std::uint64_t hash = fnv1a("");
  for (const SelectedBackend& selected : decision.selection.backends) {
    for (const BackendStatus& status : decision.backends) {
      if (status.found.manifest.name == selected.backend) {
        for (const Condition& condition : status.catalog.conditions) {
          hash = fnv1a(condition.path, hash);
          hash = fnv1a(condition.expected, hash);
        }
      }
    }
  }
  return hex64(hash);
}

std::vector<HeldRecord> held_by(const Decision& decision) {
  std::vector<HeldRecord> out;
  const std::vector<const Device*> devices = devices_held(decision.selection, decision.backends);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const HeldDevice& held = decision.held[i];
    HeldRecord record{held.id, held.key, held.parent_key, devices[i]->vendor, devices[i]->name,
                      {},      ""};
    if (const Figure* const figure = decision.situation.figures.find(held.id)) {
      record.price = figure->price;
      record.currency = figure->currency;
    }
    out.push_back(std::move(record));
  }
  return out;
}

std::string asked_text(const Request& request) {
  if (request.wish) {
    return request.wish->source;
  }
  std::string out = request.variable;
  for (const Selector& selector : request.selectors) {
    out += (&selector == &request.selectors.front() ? "=" : ",");
    out += selector.text;
  }
  return out;
}

Record make_record(const Start& start, const Decision& decision, const std::string& after) {
  Record record;
  record.id = start.name.id;
  record.runtime_root = start.name.runtime_root;
  record.bundle = start.bundle.dir();
  record.request = asked_text(decision.request);
  record.selection = decision.selection;
  for (const Wanted<Node>& wanted : decision.edits.nodes) {
    record.nodes.push_back(wanted.item);
  }
  record.creator = this_process();
  record.config_before = hex64(hash_text(start.bundle.pristine()));
  record.config_after = hex64(hash_text(after));
  record.catalog_generation = generation(decision);
  record.created_ns = wall_clock_ns();
  record.created_unix = record.created_ns / 1'000'000'000;
  record.exclusive = decision.exclusive;
  record.held = held_by(decision);
  record.origin =
      origin_of(*start.asked.spec, start.bundle.dir(), start.name.runtime_root, start.name.id);
  record.origin.label = decision.request.label;
  return record;
}

// Without the links the container works until systemd reloads: worth a warning, not its start.
void link_numbers(const Plan& plan) {
  try {
    make_number_links(plan, "/dev");
  } catch (const Error& error) {
    log::warn(cat("the container may lose its devices when systemd reloads: ", error.what()));
  }
}

void write_record(Records& records, const Record& record) {
  try {
    records.write(record);
  } catch (const Error& error) {
    log::warn(cat("the container starts, but is not recorded: ", error.what()));
  }
}

// False where the state folder cannot be written, as on a full or read-only /run.
bool make_state(const Decision& decision) {
  try {
    prepare_state(decision.plan, decision.facts.state_dir);
    return true;
  } catch (const Error& error) {
    log::warn(cat("generated files go into the bundle: ", error.what()));
    return false;
  }
}

void say(const Decision& decision) {
  for (const std::string& warning : decision.warnings) {
    log::warn(warning);
  }
  for (const std::string& warning : decision.selection.warnings) {
    log::warn(warning);
  }
  for (const std::string& warning : decision.plan.warnings) {
    log::warn(warning);
  }
  for (const std::string& note : decision.plan.notes) {
    log::debug(note);
  }
}

void say_hooks(const Decision& decision) {
  for (const VendorHook& hook : decision.hooks) {
    log::debug(cat("the hook ", hook.path, " (hooks.", hook.phase, "[", hook.index,
                   "]) is taken out: ", hook.why));
  }
}

void note_caches(const Start& start, const Decision& decision) {
  if (start.trace != nullptr) {
    for (const BackendStatus& status : decision.backends) {
      if (status.state == BackendState::kReady) {
        start.trace->report.caches.emplace_back(status.found.manifest.name, status.from_cache);
      }
    }
  }
}

void note_record(const Start& start, const Record& record) {
  if (start.trace == nullptr) {
    return;
  }
  StartReport& report = start.trace->report;
  report.result = StartResult::kStarted;
  note_origin(record.origin, report);
  for (const HeldRecord& held : record.held) {
    report.devices.push_back(held.id);
    if (!contains(report.vendors, held.vendor)) {
      report.vendors.push_back(held.vendor);
    }
  }
}

void note_nothing(const Start& start, const Decision& decision) {
  if (start.trace != nullptr && start.trace->report.reason.empty() &&
      !decision.selection.warnings.empty()) {
    start.trace->report.reason = decision.selection.warnings.front();
  }
}

void carry_out(const Start& start, Decision& decision) {
  if (!make_state(decision)) {
    make_plan(start, cat(start.bundle.dir(), "/", kStateInBundle), decision);
    prepare_state(decision.plan, decision.facts.state_dir);
  }
  prepare_rootfs(decision.plan, *decision.rootfs, decision.facts);
  start.bundle.write(decision.splices, start.sync);
}

void decide_and_carry_out(const Start& start, Records& records, Decision& decision) {
  take_devices(start, decision);
  start.ended(StartStep::kSelection);
  if (decision.selection.empty()) {
    say(decision);
    decision.hooks = vendor_hooks(start.asked, decision.request, decision.selection);
    start.bundle.write(splices(*start.asked.spec, {}, decision.hooks), start.sync);
    say_hooks(decision);
    note_nothing(start, decision);
    start.ended(StartStep::kWrite);
    return;
  }
  make_plan(start, records.state_folder(start.name.runtime_root, start.name.id), decision);
  start.ended(StartStep::kPlan);
  const Record record =
      make_record(start, decision, json::apply(start.bundle.pristine(), decision.splices));
  write_record(records, record);
  try {
    carry_out(start, decision);
  } catch (const Error&) {
    if (start.recorded == nullptr) {  // a restore can be tried again
      records.remove(start.name.runtime_root, start.name.id);
    }
    throw;
  }
  say(decision);
  log::debug(cat("mode ", mode_text(start.config,
                                    mode_of(start.config, decision.request, decision.backends))));
  say_hooks(decision);
  begin_account(start.config, record);
  if (start.systemd_cgroup && decision.facts.caller_is_root &&
      !decision.facts.caller_in_user_namespace) {
    link_numbers(decision.plan);
  }
  note_record(start, record);
  start.ended(StartStep::kWrite);
}

// The ledger does not know them any more, whatever became of this start. A restore that failed can
// be tried again, so its record stays.
void finish_others(const Start& start, Records& records, std::vector<Lease> ended) noexcept {
  std::erase_if(ended, [&](const Lease& lease) {
    return start.recorded != nullptr && lease.id == start.name.id &&
           lease.runtime_root == start.name.runtime_root;
  });
  finish_dead(start.config, records, ended);
}

}  // namespace

void note_origin(const Origin& origin, StartReport& report) {
  report.name = origin.name;
  report.engine = origin.engine;
  report.pod = origin.pod;
  report.pod_namespace = origin.pod_namespace;
}

void serve(const Start& start, Records& records) {
  Decision decision =
      look(start.config, start.asked.found, start.request, start.name, start.asked.spec->cpus);
  start.ended(StartStep::kCatalogs);
  note_caches(start, decision);
  try {
    decide_and_carry_out(start, records, decision);
  } catch (const Error&) {
    finish_others(start, records, std::move(decision.ended));
    throw;
  }
  finish_others(start, records, std::move(decision.ended));
}

}  // namespace xpu
