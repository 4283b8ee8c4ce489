// SPDX-License-Identifier: Apache-2.0
// A configuration without fault, and what is found in it once it is changed.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/oci/check_bundle.h"

namespace xpu::test {

namespace bj = boost::json;

inline constexpr const char* kGood = R"({
  "ociVersion": "1.0.2",
  "process": {
    "user": {"uid": 0, "gid": 0, "additionalGids": [5]},
    "args": ["/bin/true"],
    "env": ["PATH=/bin", "A="],
    "cwd": "/",
    "capabilities": {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"], "permitted": ["CAP_KILL"]},
    "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 18446744073709551615, "soft": 1024}]
  },
  "root": {"path": "rootfs"},
  "hostname": "box",
  "mounts": [
    {"destination": "/proc", "type": "proc", "source": "proc"},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]}
  ],
  "linux": {
    "namespaces": [{"type": "pid"}, {"type": "uts"}, {"type": "mount"}, {"type": "network"}, {"type": "ipc"}],
    "resources": {"devices": [{"allow": false, "access": "rwm"}]},
    "maskedPaths": ["/proc/kcore"]
  },
  "annotations": {"a.b/c": "d"}
})";

// "/process/env/2" and its new value, as JSON; an index behind the last appends, "" takes a member
// away.
inline std::string with(std::initializer_list<std::pair<const char*, const char*>> changes) {
  bj::value document = bj::parse(kGood);
  for (const auto& [pointer, value] : changes) {
    const std::string path = pointer, name = path.substr(path.rfind('/') + 1);
    bj::value& parent = document.at_pointer(path.substr(0, path.rfind('/')));
    if (bj::array* const array = parent.if_array()) {
      const std::size_t index = std::stoul(name);
      if (index == array->size()) {
        array->push_back(bj::parse(value));
      } else {
        array->at(index) = bj::parse(value);
      }
    } else if (std::string_view(value).empty()) {
      parent.as_object().erase(name);
    } else {
      parent.as_object()[name] = bj::parse(value);
    }
  }
  return bj::serialize(document);
}

inline std::vector<std::string> lines(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const Finding& finding : findings) {
    out.push_back(cat(to_string(finding.severity), " ", finding.place, ": ", finding.text));
  }
  return out;
}

inline std::vector<std::string> of_text(const std::string& text,
                                        const BundleTaker& taker = Taker::kRunc) {
  return lines(check_document(text, taker));
}

struct Case {
  const char* pointer;
  const char* value;  // "" takes it away
  const char* finding;
};

inline void expect(std::initializer_list<Case> cases, const BundleTaker& taker = Taker::kRunc) {
  for (const Case& one : cases) {
    EXPECT_THAT(of_text(with({{one.pointer, one.value}}), taker), testing::Contains(one.finding))
        << one.pointer << " = " << one.value;
  }
}

}  // namespace xpu::test
