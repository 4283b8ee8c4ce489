// SPDX-License-Identifier: Apache-2.0
// The start of one container, from its specification to what is done about it. decide() only looks;
// serve() decides and changes. `xpu-runtime explain` calls the first, the shim the second.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/config.h"
#include "core/oci/spec.h"
#include "core/plan/plan.h"
#include "core/record/record.h"
#include "core/request/request.h"
#include "core/rootfs/view.h"
#include "core/select/select.h"
#include "core/spec/bundle.h"

namespace xpu {

// Which container, as its low-level runtime will know it.
struct ContainerName {
  std::string runtime_root;
  std::string id;
};

// Everything decided about a container that asks for something.
struct Decision {
  Request request;
  std::vector<BackendStatus> backends;
  Selection selection;
  Edits edits;
  std::unique_ptr<Spec> spec;  // of bundle.pristine(), loaded
  std::unique_ptr<Rootfs> rootfs;
  std::unique_ptr<ContainerView> view;
  Facts facts;
  Plan plan;
  std::vector<json::Splice> splices;
  std::vector<std::string> warnings;
};

// What a container says, and the backends that it can be about.
struct Asked {
  std::vector<FoundBackend> found;
  std::vector<std::string> environment;  // process.env as it was before any edit of ours
};

// The file is followed wherever it leads, and not judged where no variable in it can ask for
// anything: a container that asks for nothing is none of our business. Throws Error when the file
// cannot be read or is not JSON.
Asked read_asked(const Config& config, const std::string& bundle, const std::string& config_file);

// The request in it. Throws Error as parse_request does.
Request read_request(const Asked& asked);

// Takes an edit of an earlier start out of the configuration file of a container that is given
// nothing now.
void take_back(const std::string& bundle, const std::string& config_file, bool sync);

// nullopt when nothing of the request can be served and that is no error (`on-unavailable`).
// `recorded`: a selection to use instead of choosing anew. Throws Error for everything that keeps
// the container from being served.
std::optional<Decision> decide(const Config& config, const std::vector<FoundBackend>& found,
                               const Request& request, const Bundle& bundle,
                               const std::string& state_folder, const Selection* recorded);

// A start to be served.
struct Start {
  const Config& config;
  const std::vector<FoundBackend>& found;
  const Request& request;
  Bundle& bundle;
  Records& records;
  ContainerName name;
  const Selection* recorded = nullptr;  // see decide()
  bool sync = false;                    // see Bundle::write
  bool systemd_cgroup = false;          // the caller has systemd manage the container's cgroup
};

// Decides and carries out: record, generated files, root file system and config.json, in that
// order. What a killed start leaves behind has a record that the next start recognises as dead, and
// a failure leaves a configuration file that is as it was. A record that cannot be written costs a
// warning only; generated files then go into the bundle.
void serve(const Start& start);

}  // namespace xpu
