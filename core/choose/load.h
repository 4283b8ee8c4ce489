// SPDX-License-Identifier: Apache-2.0
// How busy devices are, as a sampler wrote it down. Whoever chooses never asks a device.
//
// <state_dir>/load/<backend>.json, replaced whole by rename, owned and writable as every state
// file:
//
//   {"version":1,"boot":"<boot id>","devices":[
//     {"id":"acme:0","time":5123,"memory_free":25757220864,"utilisation":3}]}
//
// `time`: when the device was asked, in seconds since boot, suspend included (boot_seconds()).
// `memory_free` in bytes and `utilisation` in percent may be left out. Other members are passed
// over.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace xpu {

struct LoadSample {
  std::optional<std::uint64_t> memory_free;  // bytes
  std::optional<unsigned> utilisation;       // percent
};

// By device id, those of this boot that are not older than `max_age_s`. A file that is missing,
// that others can write or that is not as above says nothing: never an error, and nothing is waited
// for.
std::map<std::string, LoadSample> fresh_load(const std::string& state_dir,
                                             const std::vector<std::string>& backends,
                                             unsigned max_age_s);

}  // namespace xpu
