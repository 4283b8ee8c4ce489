// SPDX-License-Identifier: Apache-2.0
#include "core/plugin_host/witness.h"

#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/plugin/obligations.h"
#include "core/plugin_host/process.h"

namespace xpu {
namespace {

// The table's option() gets the collector as its context; this leads back to us.
Witness* listener = nullptr;

std::string signals_text(const sigset_t& set) {
  std::string out;
  for (int number = 1; number < NSIG; ++number) {
    out += sigismember(&set, number) == 1 ? '1' : '0';
  }
  return out;
}

// What is compared, by the name that a message calls it.
std::map<std::string, std::string> look() {
  std::map<std::string, std::string> out;
  char folder[4096];
  out["the working folder"] = getcwd(folder, sizeof folder) == nullptr ? "" : folder;
  const mode_t mask = umask(022);
  umask(mask);
  out["the umask"] = std::to_string(mask);
  const char* locale = setlocale(LC_ALL, nullptr);
  out["the locale"] = locale == nullptr ? "" : locale;
  for (char** variable = process::environment(); variable != nullptr && *variable != nullptr;
       ++variable) {
    out["the environment"] += cat(*variable, "\n");
  }
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  out["the blocked signals"] = signals_text(blocked);
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_DFL) {
      const std::string name = process::signal_name(number);
      const std::string shown = name == "?" ? std::to_string(number) : cat("SIG", name);
      out[cat("what happens on ", shown)] =
          std::to_string(reinterpret_cast<std::uintptr_t>(action.sa_handler));
    }
  }
  return out;
}

}  // namespace

Witness::Witness(const Manifest& manifest, const xpu_host& host)
    : manifest_(manifest), real_(host), host_(host), before_(look()) {
  listener = this;
  host_.option = &Witness::option;
}

const char* Witness::option(void* ctx, const char* name) noexcept {
  if (name != nullptr) {
    listener->asked_.emplace(name, strnlen(name, 64));
  }
  return listener->real_.option(ctx, name);
}

void Witness::say(int severity, const std::string& text) const {
  real_.log(real_.ctx, severity, text.c_str());
}

void Witness::report(bool described) const {
  report_process();
  report_threads();
  report_options(described);
}

void Witness::report_process() const {
  const auto after = look();
  std::set<std::string> names;
  for (const auto* side : {&before_, &after}) {
    for (const auto& [name, value] : *side) {
      names.insert(name);
    }
  }
  for (const std::string& name : names) {
    const auto was = before_.find(name), is = after.find(name);
    if (was == before_.end() || is == after.end() || was->second != is->second) {
      say(XPU_LOG_INFO, tagged(Obligation::kProcess, cat("it changed ", name)));
    }
  }
}

// A thread that was joined may be seen a moment longer.
void Witness::report_threads() const {
  int count = process::threads();
  for (int i = 0; i < 250 && count > 1; ++i) {
    poll(nullptr, 0, 2);
    count = process::threads();
  }
  if (count > 1) {
    say(XPU_LOG_INFO,
        tagged(Obligation::kLeftovers,
               cat("it left ", count - 1, count == 2 ? " thread running" : " threads running")));
  }
}

void Witness::report_options(bool described) const {
  for (const std::string& name : asked_) {
    if (manifest_.options.count(name) == 0) {
      say(XPU_LOG_INFO,
          tagged(Obligation::kOptions, cat("it asks for the option \"", name,
                                           "\", which the manifest does not declare")));
    }
  }
  for (const auto& [name, value] : manifest_.options) {
    if (described && asked_.count(name) == 0) {
      say(XPU_LOG_DEBUG, tagged(Obligation::kOptions, cat("it never reads the option \"", name,
                                                          "\", which the manifest declares")));
    }
  }
}

}  // namespace xpu
