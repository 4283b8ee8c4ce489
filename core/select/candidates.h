// SPDX-License-Identifier: Apache-2.0
// From the devices that a wish is about to the set that is given.
#pragma once

#include <string>
#include <vector>

#include "core/choose/choose.h"
#include "core/select/judge.h"

namespace xpu {

struct Considered {
  const BackendStatus* backend;
  const Device* device;
  Judgement verdict;
};

// As core/choose sees a device.
Candidate candidate_of(const Device& device, const Situation& situation, const Judge& judge);

// The best set of the free ones; empty when there is none.
std::vector<const Considered*> best_of(const std::vector<Considered>& considered, const Wish& wish,
                                       const Request& request, const Config& config,
                                       const Situation& situation, const Judge& judge);

// None is there, or as good as none.
bool all_unavailable(const std::vector<Considered>& considered);

// How many are free, at most `most`; 1 where none is.
unsigned free_up_to(const std::vector<Considered>& considered, unsigned most);

// What rules devices out, for a message: "acme:1 has 16.0 GiB, ...; acme:2 is held by ...".
std::string reasons(const std::vector<Considered>& considered);

// Every device that a wish of this request would be about. What is wrong with a backend counts as
// having no device.
std::vector<Considered> consider(const Request& request, const std::vector<BackendStatus>& backends,
                                 const Config& config, const Situation& situation);

// The strategy that counts: the request's, else the configured one.
Strategy strategy_of(const Request& request, const Config& config);

}  // namespace xpu
