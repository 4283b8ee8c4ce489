// SPDX-License-Identifier: Apache-2.0
// The start of one container, from its specification to what will be done about it. decide() only
// looks; carry_out() changes. The shim calls both, `xpu-runtime explain` only the first.
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

// Reads the request of a container from its configuration file. The file is followed wherever it
// leads: a container that asks for nothing is none of our business. Throws Error when the file
// cannot be read or is not JSON.
Request read_request(const std::string& config_file, const std::vector<FoundBackend>& found);

// nullopt when nothing of the request can be served and that is no error (`on-unavailable`).
// `recorded`: a selection to use instead of choosing anew. Throws Error for everything that keeps
// the container from being served.
std::optional<Decision> decide(const Config& config, const std::vector<FoundBackend>& found,
                               const Request& request, const Bundle& bundle,
                               const std::string& state_folder, const Selection* recorded);

// Generated files, root file system, config.json and record, in that order: a failure leaves a
// configuration file that is as it was. A record that cannot be written costs a warning only.
// `sync`: see Bundle::write.
void carry_out(const Decision& decision, Bundle& bundle, Records& records,
               const ContainerName& name, bool sync);

}  // namespace xpu
