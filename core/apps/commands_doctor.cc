// SPDX-License-Identifier: Apache-2.0
// doctor: what keeps containers from their devices, and what mends it.
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "core/apps/commands.h"
#include "core/apps/doctor.h"
#include "core/apps/live.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/doctor/images.h"
#include "core/log/log.h"
#include "core/plugin/refresh.h"

namespace xpu {
namespace {

constexpr const char* kExitCodes =
    "Exit codes:\n"
    "  0  all checks pass\n"
    "  1  a check fails\n"
    "  2  wrong usage\n"
    "  3  no check fails, and at least one warns";

struct Options {
  bool json = false, fix = false, all = false, list = false;
  std::vector<std::string> images, checks;
};

std::vector<doctor::Backend> backends_of(const std::vector<FoundBackend>& all) {
  std::vector<doctor::Backend> out;
  for (const FoundBackend& found : all) {
    doctor::Backend backend;
    backend.status.found = found;
    if (!found.refused && found.enabled) {
      try {
        backend.hints = read_doctor_hints(found.manifest);
      } catch (const Error& error) {
        backend.hints_problem = error.what();
      }
    }
    out.push_back(std::move(backend));
  }
  return out;
}

// Whoever describes a host makes the nodes that are missing, where he can: that is told.
void describe(doctor::Host& host, Freshness freshness, doctor::Mended& mended) {
  const std::vector<FoundBackend> found = find_backends(host.config);
  host.backends = backends_of(found);
  const std::vector<std::string> missing = doctor::missing_nodes(host);
  std::vector<BackendStatus> statuses =
      load_backends(host.config, found, {}, missing.empty() ? Freshness::kCacheIfValid : freshness);
  for (BackendStatus& status : statuses) {
    for (doctor::Backend& backend : host.backends) {
      if (backend.status.found.manifest.file == status.found.manifest.file) {
        backend.status = std::move(status);
        break;
      }
    }
  }
  for (const std::string& path : missing) {
    if (host.is_device(path)) {
      mended.done.push_back(cat("made the device node ", path));
    }
  }
}

// A check says what cannot be read.
doctor::Host gathered(const Options& options, doctor::Mended& mended) {
  doctor::Host host;
  host.uid = ::geteuid();
  host.config_file = config_path();
  try {
    host.config = load_config();
  } catch (const Error& error) {
    host.config_problem = error.what();
    host.config = salvage_config();
  }
  try {
    host.runtime = find_low_level_runtime(host.config);
  } catch (const Error& error) {
    host.runtime_problem = error.what();
  }
  describe(host, options.fix ? Freshness::kRefresh : Freshness::kCacheIfValid, mended);
  try {
    host.records = live_records(host.config);
  } catch (const Error& error) {
    host.records_problem = error.what();
  }
  host.marks = health_marks(host.config.state_dir);
  for (const std::string& file : options.images) {
    for (doctor::Image& image : doctor::read_images(absolute_path(file))) {
      host.images.push_back(std::move(image));
    }
  }
  return host;
}

int examine(const Options& options) {
  if (options.list) {
    print(doctor_list());
    return 0;
  }
  if (options.fix && ::geteuid() != 0) {
    fail(
        "doctor --fix makes links and nodes in /dev, which only root may; sudo xpu-runtime "
        "doctor --fix");
  }
  DoctorView view;
  const doctor::Host host = gathered(options, view.mended);
  view.all = options.all || !options.checks.empty();
  if (options.fix) {
    doctor::Mended links = doctor::make_missing_links(host);
    std::move(links.done.begin(), links.done.end(), std::back_inserter(view.mended.done));
    view.mended.failed = std::move(links.failed);
  }
  view.results = doctor::examine(host, options.checks);
  print(options.json ? doctor_json(view) : doctor_text(view));
  return doctor_exit_code(view.results);
}

}  // namespace

void add_doctor_commands(CLI::App& program, Commands* commands) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      add_command(program, "doctor",
                  "say what keeps containers from their devices, and the command that mends it",
                  &options->json);
  command->add_option("CHECK", options->checks, "only these checks; default: all")
      ->check(doctor::unknown_check, "");
  command->add_flag("--all", options->all, "also show checks that do not apply to this host");
  command->add_flag("--list", options->list, "name the checks and what they are about");
  command->add_flag("--fix", options->fix,
                    "mend what is safe first: missing links in /dev/char, and device nodes that "
                    "backends can make; says what it did");
  command
      ->add_option("--image", options->images,
                   "a file with the environments of images, whose requirements are checked: what "
                   "`docker image inspect` or `skopeo inspect --config` prints, or NAME=VALUE "
                   "lines")
      ->allow_extra_args(false);
  command->footer(kExitCodes);
  commands->push_back({command, [options](const Config&) { return examine(*options); }, true});
}

}  // namespace xpu
