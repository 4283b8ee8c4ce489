// SPDX-License-Identifier: Apache-2.0
// The options are those of runc 1.0 to 1.4 and crun 1.0 to 1.29. The two read a command line
// differently: runc takes long names with one dash too ("-bundle"), crun takes short options in one
// word ("-dbDIR") and unambiguous beginnings of long ones ("--bund"). Both spellings are understood
// here, because which of the two will read the line is not known yet.
#include "core/argv/argv.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "core/base/error.h"

namespace xpu {
namespace {

enum class Meaning {
  kNothing,
  kBundle,
  kConfig,
  kRoot,
  kLog,
  kLogFormat,
  kLogLevel,
  kPidFile,
  kDebug,
  kSystemdCgroup,
  kCgroupManager,
  kHelp,  // also --version and --usage: nothing but text is wanted
};

struct Option {
  std::string_view name;
  char letter = 0;
  bool takes_value = false;
  Meaning meaning = Meaning::kNothing;
};

constexpr bool kValue = true;

constexpr Option kHelpOption = {"help", 'h', false, Meaning::kHelp};
constexpr Option kHelpMark = {"help", '?', false, Meaning::kHelp};
constexpr Option kUsage = {"usage", 0, false, Meaning::kHelp};

constexpr Option kGlobal[] = {
    {"root", 0, kValue, Meaning::kRoot},
    {"log", 0, kValue, Meaning::kLog},
    {"log-format", 0, kValue, Meaning::kLogFormat},
    {"log-level", 0, kValue, Meaning::kLogLevel},  // crun
    {"debug", 0, false, Meaning::kDebug},
    {"systemd-cgroup", 0, false, Meaning::kSystemdCgroup},
    {"cgroup-manager", 0, kValue, Meaning::kCgroupManager},  // crun
    {"criu", 0, kValue},                                     // runc
    {"rootless", 0, kValue},
    {"version", 'v', false, Meaning::kHelp},
    {"version", 'V', false, Meaning::kHelp},
    kHelpOption,
    kHelpMark,
    kUsage,
};

constexpr Option kCreate[] = {
    {"bundle", 'b', kValue, Meaning::kBundle},
    {"config", 'f', kValue, Meaning::kConfig},  // crun
    {"pid-file", 0, kValue, Meaning::kPidFile},
    {"console-socket", 0, kValue},
    {"pidfd-socket", 0, kValue},  // runc
    {"preserve-fds", 0, kValue},
    {"no-pivot", 0},
    {"no-new-keyring", 0},
    {"no-subreaper", 0},
    kHelpOption,
    kHelpMark,
    kUsage,
};

constexpr Option kRun[] = {
    {"bundle", 'b', kValue, Meaning::kBundle},
    {"config", 'f', kValue, Meaning::kConfig},  // crun
    {"pid-file", 0, kValue, Meaning::kPidFile},
    {"console-socket", 0, kValue},
    {"pidfd-socket", 0, kValue},  // runc
    {"preserve-fds", 0, kValue},
    {"detach", 'd'},
    {"keep", 0},
    {"no-pivot", 0},
    {"no-new-keyring", 0},
    {"no-subreaper", 0},
    kHelpOption,
    kHelpMark,
    kUsage,
};

constexpr Option kRestore[] = {
    {"bundle", 'b', kValue, Meaning::kBundle},
    {"pid-file", 0, kValue, Meaning::kPidFile},
    {"console-socket", 0, kValue},
    {"image-path", 0, kValue},
    {"work-path", 0, kValue},
    {"manage-cgroups-mode", 0, kValue},
    {"empty-ns", 0, kValue},
    {"lsm-profile", 0, kValue},
    {"lsm-mount-context", 0, kValue},
    {"detach", 'd'},
    {"tcp-established", 0},
    {"ext-unix-sk", 0},
    {"shell-job", 0},
    {"file-locks", 0},
    {"no-subreaper", 0},
    {"no-pivot", 0},
    {"auto-dedup", 0},
    {"lazy-pages", 0},
    kHelpOption,
    kHelpMark,
    kUsage,
};

constexpr Option kDelete[] = {
    {"force", 'f'}, {"regex", 'r'},  // crun
    kHelpOption,    kHelpMark,      kUsage,
};

struct VerbEntry {
  std::string_view name;
  Verb verb;
  std::span<const Option> options;
};

constexpr VerbEntry kVerbs[] = {
    {"create", Verb::kCreate, kCreate},
    {"run", Verb::kRun, kRun},
    {"restore", Verb::kRestore, kRestore},
    {"delete", Verb::kDelete, kDelete},
};

constexpr std::string_view kOtherVerbs[] = {
    "checkpoint", "events", "exec",   "features", "help",  "kill",  "list",   "mounts",
    "pause",      "ps",     "resume", "spec",     "start", "state", "update",
};

const VerbEntry* find_verb(std::string_view word) {
  const auto found = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                  [&](const VerbEntry& entry) { return entry.name == word; });
  return found == std::end(kVerbs) ? nullptr : found;
}

bool is_verb(std::string_view word) {
  return find_verb(word) != nullptr ||
         std::find(std::begin(kOtherVerbs), std::end(kOtherVerbs), word) != std::end(kOtherVerbs);
}

const Option* find_long(std::span<const Option> options, std::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const Option& option) { return option.name == name; });
  return found == options.end() ? nullptr : &*found;
}

// The only option that begins with `name`.
const Option* find_beginning(std::span<const Option> options, std::string_view name) {
  const Option* found = nullptr;
  for (const Option& option : options) {
    if (!name.empty() && option.name.starts_with(name)) {
      if (found != nullptr && found->name != option.name) {
        return nullptr;
      }
      found = &option;
    }
  }
  return found;
}

const Option* find_letter(std::span<const Option> options, char letter) {
  const auto found = std::find_if(options.begin(), options.end(), [&](const Option& option) {
    return option.letter == letter && letter != 0;
  });
  return found == options.end() ? nullptr : &*found;
}

bool is_false(std::string_view value) {
  return value == "false" || value == "False" || value == "FALSE" || value == "f" || value == "F" ||
         value == "0";
}

class Parser {
 public:
  explicit Parser(const std::vector<std::string>& args) : args_(args) {}

  Invocation parse() {
    parse_global();
    if (const VerbEntry* entry = find_verb(out_.verb_name); entry != nullptr && !help_) {
      out_.verb = entry->verb;
      parse_verb(entry->options);
    }
    // Help for a verb runs no container.
    if (help_ && out_.verb != Verb::kNone) {
      out_.verb = Verb::kOther;
    }
    return std::move(out_);
  }

 private:
  // Everything up to the verb, which is the first word that is neither option nor value.
  void parse_global() {
    while (more()) {
      const std::string_view word = args_[next_++];
      if (word == "--") {
        take_verb();
        return;
      }
      if (!is_option(word)) {
        --next_;
        take_verb();
        return;
      }
      // The value of an option that we do not know, unless it is a verb.
      if (!take_option(kGlobal, word) && more() && !is_option(args_[next_]) &&
          !is_verb(args_[next_])) {
        ++next_;
      }
    }
  }

  void take_verb() {
    if (more() && !help_) {
      out_.verb_name = args_[next_++];
      out_.verb = Verb::kOther;
    }
  }

  // Options and the id, in any order.
  void parse_verb(std::span<const Option> options) {
    std::string maybe_id;  // follows an option that we do not know: its value, or the id
    bool after_unknown = false;
    bool options_over = false;
    while (more()) {
      const std::string_view word = args_[next_++];
      if (!options_over && word == "--") {
        options_over = true;
        after_unknown = false;
      } else if (!options_over && is_option(word)) {
        after_unknown = !take_option(options, word);
      } else {
        std::string& id = after_unknown ? maybe_id : out_.id;
        if (id.empty()) {
          id = word;
        }
        after_unknown = false;
      }
    }
    if (out_.id.empty()) {
      out_.id = maybe_id;
    }
  }

  bool more() const { return next_ < args_.size(); }
  static bool is_option(std::string_view word) { return word.size() > 1 && word[0] == '-'; }

  // Reads one word of options, and the value that follows it. False when the option is not known
  // and could have a value in the next word.
  bool take_option(std::span<const Option> options, std::string_view word) {
    const bool two_dashes = word.starts_with("--");
    const std::string_view text = word.substr(two_dashes ? 2 : 1);
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const Option* option = find_long(options, name);
    if (option == nullptr && two_dashes) {
      option = find_beginning(options, name);
    }
    if (option == nullptr && name.size() == 1) {
      option = find_letter(options, name[0]);  // "-b", "-b=DIR", and runc's "--b"
    }
    if (option != nullptr) {
      if (equals != std::string_view::npos) {
        apply(*option, text.substr(equals + 1));
      } else {
        apply(*option, option->takes_value ? next_value() : "true");
      }
      return true;
    }
    if (!two_dashes) {
      return take_letters(options, text);
    }
    return equals != std::string_view::npos;
  }

  // "-dbDIR", "-db DIR"
  bool take_letters(std::span<const Option> options, std::string_view letters) {
    while (!letters.empty()) {
      const Option* option = find_letter(options, letters[0]);
      letters.remove_prefix(1);
      if (option == nullptr) {
        return !letters.empty();
      }
      if (option->takes_value) {
        apply(*option, letters.empty() ? next_value() : letters);
        return true;
      }
      apply(*option, "true");
    }
    return true;
  }

  std::string_view next_value() { return more() ? std::string_view(args_[next_++]) : ""; }

  void apply(const Option& option, std::string_view value) {
    switch (option.meaning) {
      case Meaning::kNothing:
        break;
      case Meaning::kBundle:
        out_.bundle = value;
        break;
      case Meaning::kConfig:
        out_.config_file = value;
        break;
      case Meaning::kRoot:
        out_.root = value;
        break;
      case Meaning::kLog:
        out_.log_file = value;
        break;
      case Meaning::kLogFormat:
        out_.log_format = value;
        break;
      case Meaning::kLogLevel:
        out_.debug = value == "debug";
        break;
      case Meaning::kPidFile:
        out_.pid_file = value;
        break;
      case Meaning::kDebug:
        out_.debug = !is_false(value);
        break;
      case Meaning::kSystemdCgroup:
        out_.systemd_cgroup = !is_false(value);
        break;
      case Meaning::kCgroupManager:
        out_.systemd_cgroup = value == "systemd";
        break;
      case Meaning::kHelp:
        help_ = help_ || !is_false(value);
        break;
    }
  }

  const std::vector<std::string>& args_;
  std::size_t next_ = 1;
  bool help_ = false;
  Invocation out_;
};

}  // namespace

Invocation parse_argv(const std::vector<std::string>& args) {
  return Parser(args).parse();
}

void check_container_id(const std::string& id) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+.-";
  if (id.empty()) {
    fail("the container id is missing");
  }
  if (id.size() > 255) {
    fail("the container id is longer than 255 bytes");
  }
  if (id == "." || id == ".." || id.find_first_not_of(kAllowed) != std::string::npos) {
    fail("the container id '", id, "' is not valid: letters, digits and _ + . - only");
  }
}

}  // namespace xpu
