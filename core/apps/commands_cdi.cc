// SPDX-License-Identifier: Apache-2.0
// cdi generate, list, validate, refresh: this host's devices for those who read CDI files.
#include <sys/stat.h>

#include <memory>

#include "core/apps/cdi_show.h"
#include "core/apps/commands.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/catalog/grammar.h"
#include "core/log/log.h"
#include "core/publish/documents.h"
#include "core/publish/files.h"
#include "core/publish/notes.h"

namespace xpu {
namespace {

const std::map<std::string, cdi::NameBy> kNameBy = {
    {"index", cdi::NameBy::kIndex}, {"uuid", cdi::NameBy::kUuid}, {"pci", cdi::NameBy::kPci}};
const std::map<std::string, cdi::Format> kFormats = {{"json", cdi::Format::kJson},
                                                     {"yaml", cdi::Format::kYaml}};

struct Options {
  CdiWish wish;
  std::vector<std::string> names, capabilities;
  std::string root, output, format;
  CdiRefresh refresh;
  bool json = false;
  std::vector<std::string> files;
};

void take_wish(Options* options) {
  ::umask(022);  // what is written is for all to read
  CdiWish& wish = options->wish;
  if (!options->names.empty()) {
    wish.names.clear();
  }
  for (const std::string& name : options->names) {
    wish.names.push_back(kNameBy.at(name));
  }
  if (!options->capabilities.empty()) {
    wish.capabilities = options->capabilities;
    std::erase(*wish.capabilities, "none");
  }
  if (!options->root.empty()) {
    wish.options.push_back("driver-root=" + absolute_path(options->root));
  }
  for (std::string& folder : wish.library_folders) {
    while (folder.size() > 1 && folder.ends_with('/')) {
      folder.pop_back();
    }
    if (!grammar::is_clean_absolute(folder)) {
      fail("--library-folder ", folder, " is not an absolute path without . and ..");
    }
  }
  if (!wish.generated_dir.empty()) {
    wish.generated_dir = absolute_path(wish.generated_dir);
  }
}

// What was left out, and broken backends; the exit code tells of the latter.
int tell(const CdiDocuments& made) {
  for (const CdiDocument& document : made.documents) {
    for (const std::string& note : document.rendering.notes) {
      std::fprintf(stderr, "%s: %s\n", document.rendering.spec.kind.c_str(), note.c_str());
    }
  }
  int code = 0;
  for (const BackendStatus& backend : made.backends) {
    if (backend.state == BackendState::kFailed || backend.state == BackendState::kRefused) {
      log::error(backend.reason);
      code = kFailure;
    }
  }
  return code;
}

std::string without_documents(const CdiDocuments& made) {
  std::string why;
  for (const std::string& reason : made.empty) {
    why += cat("; ", reason);
  }
  return cat("there is no device to describe", why);
}

// All that were made, each in a file of its own.
int generate_all(const Config& config, const Options& options, const CdiDocuments& made,
                 const std::string& folder) {
  const bool yaml = options.format != "json";
  std::vector<CdiTarget> targets;
  for (const CdiDocument& document : made.documents) {
    targets.push_back(
        {cat(folder, folder == "/" ? "" : "/", document.name, yaml ? ".yaml" : ".json"),
         yaml ? cdi::Format::kYaml : cdi::Format::kJson, &document.rendering});
  }
  check_cdi_conflicts(config, targets, {});
  for (const CdiTarget& target : targets) {
    if (!is_cdi_file_current(target)) {
      write_cdi_file(target);
    }
  }
  return tell(made);
}

int generate(const Config& config, Options* options) {
  take_wish(options);
  const CdiDocuments made = cdi_documents(config, options->wish);
  if (made.documents.empty()) {
    tell(made);
    fail(without_documents(made));
  }
  const std::string output = options->output.empty() ? "" : absolute_path(options->output);
  struct stat status = {};
  if (!output.empty() && ::stat(output.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    return generate_all(config, *options, made, output);
  }
  if (made.documents.size() > 1) {
    std::string kinds;
    for (const CdiDocument& document : made.documents) {
      kinds += cat(kinds.empty() ? "" : ", ", document.rendering.spec.kind);
    }
    fail("a CDI file is about one kind, and there are devices for ", kinds,
         "; choose one with --kind, or give --output a folder");
  }
  const cdi::Rendering& rendering = made.documents.front().rendering;
  std::optional<cdi::Format> format;
  if (!options->format.empty()) {
    format = kFormats.at(options->format);
  }
  if (output.empty()) {
    make_generated(rendering);
    print(cdi::write(rendering.spec, format.value_or(cdi::Format::kYaml)));
    return tell(made);
  }
  const CdiTarget target{output, cdi_format_of(output, format), &rendering};
  check_cdi_conflicts(config, {target}, {});
  if (!is_cdi_file_current(target)) {
    write_cdi_file(target);
  }
  return tell(made);
}

int refresh(const Config& config, Options* options) {
  if (options->wish.generated_dir.empty()) {
    // Not in the state folder: containers of ordinary users mount it.
    options->wish.generated_dir = config.state_dir + "-cdi";
  }
  take_wish(options);
  if (options->refresh.directory.empty()) {
    options->refresh.directory = config.cdi_spec_dirs.back();
  }
  options->refresh.directory = absolute_path(options->refresh.directory);
  const CdiDocuments made = cdi_documents(config, options->wish);
  const std::vector<std::string> changes =
      refresh_cdi_files(config, options->wish, made, options->refresh);
  if (!options->refresh.check) {
    note_cdi_refresh(options->refresh.directory, options->wish, made);
  }
  for (const std::string& change : changes) {
    print(change + "\n");
  }
  const int code = tell(made);
  return options->refresh.check && !changes.empty() ? kFailure : code;
}

void add_wish(CLI::App* command, Options* options) {
  CdiWish& wish = options->wish;
  const auto several = [](CLI::Option* option) { option->delimiter(',')->expected(1)->take_all(); };
  several(command->add_option("--backend", wish.backends,
                              "only this backend; may be repeated. Simulated devices come only by "
                              "name"));
  command->add_option(
      "--kind", wish.kind,
      "VENDOR/CLASS of the devices, or \"vendor\" for those that vendors' own tools "
      "use; default: xpu.dev/VENDOR");
  several(command
              ->add_option("--device-name-strategy", options->names,
                           "index, uuid or pci; may be repeated; default: index and uuid")
              ->check(CLI::IsMember({"index", "uuid", "pci"})));
  several(command->add_option("--capabilities", options->capabilities,
                              "driver capabilities to give, or none; default: all"));
  command
      ->add_option(
          "--feature", wish.features,
          "a feature to give, with ELEMENTs: NAME or NAME=ELEMENT,ELEMENT; may be repeated")
      ->expected(1)
      ->take_all();
  command->add_option("--root", options->root,
                      "root of the driver's files, as the backends' option driver-root");
  command
      ->add_option("--option", wish.options,
                   "NAME=VALUE, an option of backends for this once; may be repeated")
      ->expected(1)
      ->take_all();
  command
      ->add_option("--library-folder", wish.library_folders,
                   "where containers have libraries; may be repeated; default: where the usual "
                   "distributions have them")
      ->expected(1)
      ->take_all();
  command->add_flag("--for-bare-images", wish.for_bare_images,
                    "also what only images without a driver of their own get");
}

}  // namespace

void add_cdi_commands(CLI::App& program, Commands* commands) {
  const auto options = std::make_shared<Options>();
  CLI::App* cdi = program.add_subcommand("cdi", "devices for other runtimes, as CDI files");
  cdi->require_subcommand(1);

  CLI::App* command = cdi->add_subcommand("generate", "write a CDI file for the devices here");
  add_wish(command, options.get());
  command->add_option("-o,--output", options->output,
                      "a file, or a folder for a file of each kind; default: standard output");
  command->add_option("--format", options->format, "yaml or json; default: by --output, else yaml")
      ->check(CLI::IsMember({"yaml", "json"}));
  command->add_option("--generated-dir", options->wish.generated_dir,
                      "folder for files that have to be made and stay, for containers to mount; "
                      "without it they are left out");
  commands->push_back(
      {command, [options](const Config& config) { return generate(config, options.get()); }});

  command = cdi->add_subcommand(
      "refresh", "bring the CDI files of this host's devices up to date; say what changed");
  add_wish(command, options.get());
  command->add_option("--directory", options->refresh.directory,
                      "spec folder; default: the last of [cdi] spec-dirs");
  command->add_option("--generated-dir", options->wish.generated_dir,
                      "folder for files that have to be made; default: beside the state folder");
  command->add_flag("--check", options->refresh.check,
                    "change nothing, and fail when something is to be changed");
  commands->push_back(
      {command, [options](const Config& config) { return refresh(config, options.get()); }});

  command =
      add_command(*cdi, "list", "the devices of all CDI files here, and what is wrong with them",
                  &options->json);
  commands->push_back({command, [options](const Config& config) {
                         print(cdi_list(config, options->json));
                         return 0;
                       }});

  command = cdi->add_subcommand("validate", "check CDI files");
  command->add_option("FILE", options->files, "CDI files")->required();
  commands->push_back({command, [options](const Config& config) {
                         const CdiVerdict verdict = cdi_validate(config, options->files);
                         print(verdict.text);
                         return verdict.good ? 0 : kFailure;
                       }});
}

}  // namespace xpu
