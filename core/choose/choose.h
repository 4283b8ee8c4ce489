// SPDX-License-Identifier: Apache-2.0
// Which of the devices that would do: a pure function of candidates, links and strategy. The
// formula of each strategy stands in score.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/request/wish.h"

namespace xpu {

// A device that meets everything that was asked and may be given now. Borrows its texts.
struct Candidate {
  std::string_view id;  // "acme:0"
  std::string_view vendor;
  std::string_view model;          // devices of one vendor and model go together before others do
  std::uint64_t memory_bytes = 0;  // 0: unknown
  std::optional<double> performance;  // see Figures
  std::optional<std::int64_t> price;  // millionths of the currency per hour, see Figures
  unsigned holders = 0;               // containers that hold it now
  bool local = false;  // on a NUMA node of the container's CPUs; true where that says nothing
  // From a fresh sample; nullopt when there is none.
  std::optional<std::uint64_t> memory_free;
  std::optional<unsigned> utilisation;  // percent
};

// Links of candidates, by their places in the list. Weight 0: none that is known.
class Links {
 public:
  struct Link {
    std::uint32_t a = 0, b = 0, weight = 0;
    bool direct = false;
  };

  explicit Links(std::size_t candidates) : candidates_(candidates) {}
  // In both directions; of several the greatest weight counts, and one that is direct makes the two
  // directly linked. `direct`: a link of their own between the two, not one over the host. Neither
  // place may be size() or above; a link of a device to itself is none.
  void add(std::size_t a, std::size_t b, std::uint32_t weight, bool direct);
  // Both look through all links: for a few questions, not for a search.
  std::uint32_t weight(std::size_t a, std::size_t b) const;
  bool direct(std::size_t a, std::size_t b) const;
  std::size_t size() const { return candidates_; }
  const std::vector<Link>& all() const { return links_; }

 private:
  std::size_t candidates_;
  std::vector<Link> links_;  // as added
};

struct ChoiceWanted {
  Strategy strategy = Strategy::kBalanced;
  unsigned least = 1;
  unsigned most = 1;  // 0: as many as there are, of whatever vendor and model
  bool direct_links = false;
  bool numa_local = false;       // local devices alone where there are enough, else before others
  std::string preferred_vendor;  // breaks ties; "" for none
};

// Places in `candidates`, ascending; empty when there is no such set.
//
// A set of one vendor and model comes before one of several models of a vendor, and that before one
// of several vendors. Of the groups that can fill `least` the one is taken whose set, as large as
// `most` and the group allow, has the better mean score; within it scores decide who is certain to
// be in, and links who is taken of those that score the same at the cut.
//
// The set with the best links is found for sure among up to 16 devices that score the same; among
// more it is searched for. With direct links every set is compared, as far as a limit of steps
// allows. Throws Error when the limit ends that search before it is known whether there is a set.
std::vector<std::size_t> choose(std::span<const Candidate> candidates, const Links& links,
                                const ChoiceWanted& wanted);

}  // namespace xpu
