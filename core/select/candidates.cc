// SPDX-License-Identifier: Apache-2.0
#include "core/select/candidates.h"

#include <algorithm>
#include <unordered_map>

#include "core/base/error.h"

namespace xpu {
namespace {

constexpr std::size_t kReasons = 8;

// Over the host's own bus; every other type is a link that two devices have to themselves.
constexpr std::string_view kHostLink = "pcie";

bool is_local(const Device& device, const std::vector<int>& nodes) {
  return nodes.empty() || std::find(nodes.begin(), nodes.end(), device.numa_node) != nodes.end();
}

Links links_between(const std::vector<const Considered*>& candidates) {
  Links links(candidates.size());
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<const BackendStatus*> backends;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    places.emplace(candidates[i]->device->id, i);
    if (std::find(backends.begin(), backends.end(), candidates[i]->backend) == backends.end()) {
      backends.push_back(candidates[i]->backend);
    }
  }
  for (const BackendStatus* backend : backends) {
    for (const Interconnect& link : backend->catalog.interconnects) {
      const auto a = places.find(link.device), b = places.find(link.peer);
      if (a != places.end() && b != places.end()) {
        links.add(a->second, b->second, link.weight, link.type != kHostLink);
      }
    }
  }
  return links;
}

}  // namespace

Candidate candidate_of(const Device& device, const Situation& situation, const Judge& judge) {
  Candidate out;
  out.id = device.id;
  out.vendor = device.vendor;
  out.model = device.name;
  out.memory_bytes = device.memory_bytes;
  if (const Figure* const figure = situation.figures.find(device.id)) {
    out.performance = figure->performance;
    if (situation.currency.empty() || figure->currency == situation.currency) {
      out.price = figure->price;
    }
  }
  out.holders = situation.holdings.empty() ? 0 : situation.holdings.holders(judge.keys_of(device));
  out.local = is_local(device, situation.numa_nodes);
  if (const auto load = situation.load.find(device.id); load != situation.load.end()) {
    out.memory_free = load->second.memory_free;
    out.utilisation = load->second.utilisation;
  }
  return out;
}

Strategy strategy_of(const Request& request, const Config& config) {
  if (request.strategy) {
    return *request.strategy;
  }
  const auto* const named =
      std::find(std::begin(kStrategyNames), std::end(kStrategyNames), config.strategy);
  return static_cast<Strategy>(named - std::begin(kStrategyNames));
}

std::vector<const Considered*> best_of(const std::vector<Considered>& considered, const Wish& wish,
                                       const Request& request, const Config& config,
                                       const Situation& situation, const Judge& judge) {
  std::vector<const Considered*> free;
  std::vector<Candidate> candidates;
  free.reserve(considered.size());
  candidates.reserve(considered.size());
  for (const Considered& one : considered) {
    if (one.verdict.kind == Judgement::Kind::kFree) {
      free.push_back(&one);
      candidates.push_back(candidate_of(*one.device, situation, judge));
    }
  }
  ChoiceWanted wanted;
  wanted.strategy = strategy_of(request, config);
  wanted.least = wish.least;
  wanted.most = wish.most;
  wanted.direct_links = wish.direct_links;
  wanted.numa_local = request.numa_local;
  wanted.preferred_vendor = config.preferred_vendor == "any" ? "" : config.preferred_vendor;
  const Links links = wish.most == 1 ? Links(free.size()) : links_between(free);
  std::vector<const Considered*> out;
  for (const std::size_t place : choose(candidates, links, wanted)) {
    out.push_back(free[place]);
  }
  return out;
}

bool all_unavailable(const std::vector<Considered>& considered) {
  return std::all_of(considered.begin(), considered.end(), [](const Considered& one) {
    return one.verdict.kind == Judgement::Kind::kUnavailable;
  });
}

unsigned free_up_to(const std::vector<Considered>& considered, unsigned most) {
  const auto free = std::count_if(considered.begin(), considered.end(), [](const Considered& one) {
    return one.verdict.kind == Judgement::Kind::kFree;
  });
  return std::clamp(static_cast<unsigned>(free), 1U, most);
}

std::string reasons(const std::vector<Considered>& considered) {
  std::string out;
  std::size_t count = 0;
  for (const Considered& one : considered) {
    if (one.verdict.kind == Judgement::Kind::kFree) {
      continue;
    }
    if (++count <= kReasons) {
      out += cat(out.empty() ? "" : "; ", one.device->id, " ", one.verdict.text);
    }
  }
  return count > kReasons ? cat(out, "; and ", count - kReasons, " more") : out;
}

}  // namespace xpu
