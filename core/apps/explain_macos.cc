// SPDX-License-Identifier: Apache-2.0
#include "core/apps/explain.h"
#include "core/base/error.h"

namespace xpu {

std::string explain(const Config&, const std::string& bundle, bool) {
  fail("cannot explain ", bundle,
       ": containers of this machine start in a Linux virtual machine; run this command there");
}

std::string mode_of_host(const Config&, const std::vector<BackendStatus>&) {
  return "";
}

}  // namespace xpu
