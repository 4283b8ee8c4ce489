// SPDX-License-Identifier: Apache-2.0
// The start of one container, from its specification to what is done about it. The
// steps of a decision only look; serve() decides and changes. `xpu-runtime explain` takes the
// steps, the shim serves.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/oci/spec.h"
#include "core/plan/plan.h"
#include "core/record/record.h"
#include "core/report/report.h"
#include "core/request/request.h"
#include "core/rootfs/view.h"
#include "core/select/select.h"
#include "core/spec/bundle.h"
#include "core/spec/hooks.h"

namespace xpu {

// Which container, as its low-level runtime will know it.
struct ContainerName {
  std::string runtime_root;
  std::string id;
};

// What a container says, and the backends that it can be about.
struct Asked {
  std::vector<FoundBackend> found;
  // config.json as it was before any edit of ours, and the specification in it; both null where
  // nothing in the text can ask for anything.
  std::unique_ptr<const std::string> text;
  std::unique_ptr<Spec> spec;
  std::string
      problem;  // why the specification cannot be used beyond its environment; "" for nothing
  Said said;
};

// The file is followed wherever it leads, and not judged where nothing in it can ask: a container
// that asks for nothing is none of our business. Throws Error when the file cannot be read or is
// not JSON.
Asked read_asked(const Config& config, const std::string& bundle, const std::string& config_file);

// The request in it. Throws Error and Denied as parse_request does, and Error for a mode that
// serves nobody.
Request read_request(const Asked& asked, const Config& config);

// For a container that is given nothing now: takes an edit of an earlier start out of its
// configuration file. Of one whose request policy did not accept, so that nobody else serves it,
// the hooks of vendors too.
void take_back(const Asked& asked, const Request& request, const std::string& bundle,
               const std::string& config_file, bool sync);

// The hooks in it that would serve once more what is decided here: our own, those of the backends
// that serve and of those whose variable counts or is overruled by what goes before it. Where
// policy did not accept something, or takes no variables of vendors, those of all backends: nobody
// else shall serve it. Others are left alone.
std::vector<VendorHook> vendor_hooks(const Asked& asked, const Request& request,
                                     const Selection& selection);

// Whether hooks of vendors may have to go even where nothing is given.
bool takes_hooks_alone(const Request& request);

// Throws Error when the bundle is not what was read.
void refuse_changed(const Bundle& bundle, const Asked& asked);

// Everything decided about a container that asks for something.
struct Decision {
  Request request;
  std::vector<BackendStatus> backends;
  Situation situation;
  Selection selection;
  std::vector<HeldDevice> held;  // the devices of the selection, in its order
  bool exclusive = false;        // nobody else gets them
  std::vector<Lease> ended;      // of containers that were found to be gone on the way
  Edits edits;
  std::unique_ptr<Rootfs> rootfs;
  std::unique_ptr<ContainerView> view;
  Facts facts;
  Plan plan;
  std::vector<VendorHook> hooks;  // to be taken out
  std::vector<json::Splice> splices;
  std::vector<std::string> warnings;
};

// A start to be decided or served.
struct Start {
  const Config& config;
  const Asked& asked;
  const Request& request;
  Bundle& bundle;
  ContainerName name;
  const Selection* recorded = nullptr;  // what a restored container had, instead of choosing anew
  bool sync = false;                    // see Bundle::write
  bool systemd_cgroup = false;          // the caller has systemd manage the container's cgroup
  StartTrace* trace = nullptr;          // where what is found out is noted; or null

  void ended(StartStep step) const {
    if (trace != nullptr) {
      trace->clock.ended(step);
    }
  }
};

// The three steps of a decision.
//
// What there is to choose from, but for who holds it (Situation::holdings). `cpus`: the list of
// those that the container may run on; "" for any. May take as long as the backends need to
// describe the host.
Decision look(const Config& config, const std::vector<FoundBackend>& found, const Request& request,
              const ContainerName& name, const std::string& cpus);
// The devices. `recorded`: what a restored container had, instead of choosing anew; or null. Throws
// Error, Denied and Busy.
void choose_devices(const Config& config, const Selection* recorded, Decision& decision);
// How they come into the container. `state_folder`: for generated files. Not for an empty
// selection. Throws Error.
void make_plan(const Start& start, const std::string& state_folder, Decision& decision);

// Chooses with nobody else choosing at the same time, and writes down who holds the devices from
// now on; waits for others to give them back as long as the container may. A ledger that cannot be
// written costs a shared lease that nobody waited for only a warning. Throws Error, Denied and
// Busy, also then with the leases of Decision::ended taken out of the ledger.
void take_devices(const Start& start, Decision& decision);

// Decides and carries out: lease, record, generated files, root file system and config.json, in
// that order. What a killed start leaves behind has a creator that the next start recognises as
// dead, and a failure leaves a configuration file that is as it was. A record that cannot be
// written costs a warning only; generated files then go into the bundle.
void serve(const Start& start, Records& records);

// Whose container a report is about.
void note_origin(const Origin& origin, StartReport& report);

// Ends the accounts of containers that are gone, as far as `ended` and a short look tell, and
// forgets them. Never throws.
void finish_dead(const Config& config, Records& records, const std::vector<Lease>& ended) noexcept;

// For a container that gets no lease: what a dead one of the same name held would come to life with
// it. One failed open where there is no record of that name. Never throws.
void forget_dead(const Config& config, Records& records, const ContainerName& name) noexcept;

}  // namespace xpu
