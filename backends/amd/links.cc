// SPDX-License-Identifier: Apache-2.0
// How close GPUs are to each other. The kernel weighs a link by its distance: 15 for each hop over
// XGMI, 20 for PCIe between a GPU and its socket, 32 between sockets, and so on: lower is closer.
// Ours is what is left of 1000.
#include <algorithm>
#include <map>
#include <optional>

#include "backends/amd/hardware.h"

namespace xpu::amd {
namespace {

constexpr std::uint32_t kFarthest = 1000;

using Links = std::map<unsigned, KfdLink>;  // by the other node, the closest one

// A kernel that does not weigh a link means the usual weight of its kind.
unsigned weight_of(const KfdLink& link) {
  return link.weight > 0 ? link.weight : link.type == KfdLink::Type::kXgmi ? 15 : 20;
}

void keep_closer(std::optional<KfdLink>& best, const KfdLink& link) {
  if (!best || weight_of(link) < weight_of(*best)) {
    best = link;
  }
}

Links links_of(const Kfd& kfd, unsigned number) {
  Links out;
  for (const KfdLink& link : kfd.links(number)) {
    const auto [at, is_new] = out.emplace(link.to, link);
    if (!is_new && weight_of(link) < weight_of(at->second)) {
      at->second = link;
    }
  }
  return out;
}

class Topology {
 public:
  Topology(const Kfd& kfd, const std::vector<Gpu>& gpus) : gpus_(gpus) {
    for (const KfdNode& node : kfd.nodes()) {
      if (node.cpu_cores > 0) {
        sockets_[node.number] = links_of(kfd, node.number);
      }
    }
    // Every part of a GPU has the same way out.
    for (const Gpu& gpu : gpus) {
      const auto& node = gpu.parts[0].kfd;
      links_.push_back(node ? links_of(kfd, node->number) : Links());
    }
  }

  std::optional<KfdLink> between(std::size_t a, std::size_t b) const {
    std::optional<KfdLink> best = direct(a, b);
    if (const auto back = direct(b, a)) {
      keep_closer(best, *back);
    }
    return best ? best : through_sockets(a, b);
  }

 private:
  std::optional<KfdLink> direct(std::size_t from, std::size_t to) const {
    std::optional<KfdLink> best;
    for (const Part& part : gpus_[to].parts) {
      const auto link = part.kfd ? links_[from].find(part.kfd->number) : links_[from].end();
      if (link != links_[from].end() && link->second.type != KfdLink::Type::kOther) {
        keep_closer(best, link->second);
      }
    }
    return best;
  }

  // Where the kernel lists no way for two GPUs to reach each other's memory, their distance is that
  // of their sockets, as the kernel would add it up.
  std::optional<KfdLink> through_sockets(std::size_t a, std::size_t b) const {
    std::optional<KfdLink> best;
    for (const auto& [socket, between] : sockets_) {
      const auto up = links_[a].find(socket);
      if (up == links_[a].end()) {
        continue;
      }
      for (const auto& [other, unused] : sockets_) {
        const auto down = links_[b].find(other);
        const auto across = between.find(other);
        if (down == links_[b].end() || (socket != other && across == between.end())) {
          continue;
        }
        KfdLink sum;
        sum.type = KfdLink::Type::kPcie;
        sum.weight = weight_of(up->second) + weight_of(down->second) +
                     (socket == other ? 0 : weight_of(across->second));
        keep_closer(best, sum);
      }
    }
    return best;
  }

  const std::vector<Gpu>& gpus_;
  std::map<unsigned, Links> sockets_;
  std::vector<Links> links_;  // of each GPU
};

}  // namespace

std::vector<Connection> connections(const Kfd& kfd, const std::vector<Gpu>& gpus) {
  const Topology topology(kfd, gpus);
  std::vector<Connection> out;
  for (std::size_t a = 0; a < gpus.size(); ++a) {
    for (std::size_t b = a + 1; b < gpus.size(); ++b) {
      if (const auto link = topology.between(a, b)) {
        out.push_back({a, b, link->type == KfdLink::Type::kXgmi ? "xgmi" : "pcie",
                       kFarthest - std::min(weight_of(*link), kFarthest - 1)});
      }
    }
  }
  return out;
}

}  // namespace xpu::amd
