// SPDX-License-Identifier: Apache-2.0
// Counters of many clients that come and go, as one that never falls. For core/attribution only.
#pragma once

#include <map>
#include <string>
#include <utility>

namespace xpu {

// A device's id, and an engine of it.
using EngineOf = std::pair<std::string, std::string>;

class Counters {
 public:
  // What a client has used of an engine, as it says in this look: seconds since it came. One that
  // says less than before has begun anew.
  void set(const std::string& client, const EngineOf& engine, double seconds);
  // Ends a look. A client that was not seen for a while is gone for good; until then it may come
  // again, as one whose file was passed to another process does.
  void end_look();

  // Of all clients, those that are gone among them.
  std::map<EngineOf, double> sums() const;

 private:
  struct Client {
    std::map<EngineOf, double> seconds;
    unsigned unseen = 0;  // looks
  };
  std::map<std::string, Client> clients_;
  std::map<EngineOf, double> gone_;
};

}  // namespace xpu
