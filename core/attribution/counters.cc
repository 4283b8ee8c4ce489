// SPDX-License-Identifier: Apache-2.0
#include "core/attribution/counters.h"

namespace xpu {
namespace {

constexpr unsigned kLooksUntilGone = 24;
constexpr std::size_t kMostClients = 4096;

void add(const std::map<EngineOf, double>& more, std::map<EngineOf, double>& to) {
  for (const auto& [engine, seconds] : more) {
    to[engine] += seconds;
  }
}

}  // namespace

void Counters::set(const std::string& client, const EngineOf& engine, double seconds) {
  Client& known = clients_[client];
  known.unseen = 0;
  double& now = known.seconds[engine];
  if (seconds < now) {
    gone_[engine] += now;
  }
  now = seconds;
}

void Counters::end_look() {
  const bool many = clients_.size() > kMostClients;
  for (auto client = clients_.begin(); client != clients_.end();) {
    // 0 for those that this look saw.
    const unsigned unseen = client->second.unseen++;
    if (unseen > (many ? 0 : kLooksUntilGone)) {
      add(client->second.seconds, gone_);
      client = clients_.erase(client);
    } else {
      ++client;
    }
  }
}

std::map<EngineOf, double> Counters::sums() const {
  std::map<EngineOf, double> out = gone_;
  for (const auto& [name, client] : clients_) {
    add(client.seconds, out);
  }
  return out;
}

}  // namespace xpu
