// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/manifest_request.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/contains.h"
#include "core/base/error.h"
#include "core/catalog/grammar.h"
#include "core/require/require.h"

namespace xpu {
namespace {

// Belongs to no vendor.
constexpr std::string_view kNeutralVariable = "XPU_VISIBLE_DEVICES";

// Of a program, without a folder.
bool is_program_name(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

// Such that its last name is written in one way only, whatever the format of the text it is in.
bool is_mount_folder(std::string_view path) {
  return grammar::is_clean_absolute(path) && std::all_of(path.begin(), path.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '/' || c == '-';
         });
}

class RequestReader {
 public:
  RequestReader(const toml::table& request, const ManifestToml& toml, Manifest& manifest)
      : request_(request), toml_(toml), out_(manifest) {}

  void read() {
    toml_.known_keys(
        request_, "[request] ",
        {"device-variables", "device-mounts", "hooks", "capability-variables",
         "default-capabilities", "capability-rules", "variables", "features", "requirements"});
    out_.device_variables =
        variables(request_, "device-variables", "[request] device-variables", Pattern::kNo);
    out_.device_mounts = folders("device-mounts", "[request] device-mounts");
    out_.hooks = programs("hooks", "[request] hooks");
    out_.capability_variables =
        variables(request_, "capability-variables", "[request] capability-variables", Pattern::kNo);
    read_features();
    out_.default_capabilities =
        capabilities(request_, "default-capabilities", "[request] default-capabilities");
    for (const toml::table* rule :
         toml_.tables(request_, "capability-rules", "[[request.capability-rules]]")) {
      out_.capability_rules.push_back(capability_rule(*rule));
    }
    for (const toml::table* entry : toml_.tables(request_, "variables", "[[request.variables]]")) {
      out_.variable_vendors.push_back(variable_vendors(*entry));
    }
    if (const toml::table* table =
            toml_.table(request_, "requirements", "[request] requirements")) {
      read_requirements(*table);
    }
  }

 private:
  enum class Pattern { kNo, kYes };

  template <class... Parts>
  [[noreturn]] void bad(const toml::node* node, const Parts&... problem) const {
    fail(toml_.place(node), problem...);
  }

  // With kYes a name that ends in '*' stands for all that begin like it.
  void check_variable(const std::string& name, const toml::node& node, const std::string& what,
                      Pattern pattern = Pattern::kNo) const {
    const bool prefix = pattern == Pattern::kYes && name.ends_with('*');
    if (!grammar::is_variable(name.substr(0, name.size() - (prefix ? 1 : 0)))) {
      bad(&node, what, ": ", in_quotes(name), " is not [A-Za-z_][A-Za-z0-9_]*",
          pattern == Pattern::kYes ? ", nor such a name with '*' behind it" : "");
    }
    if (name == kNeutralVariable) {
      bad(&node, what, ": ", name, " belongs to no backend");
    }
  }

  std::vector<std::string> variables(const toml::table& table, std::string_view key,
                                     const std::string& what, Pattern pattern) const {
    std::vector<std::string> out;
    for (const auto& [name, node] : toml_.texts(table, key, what)) {
      check_variable(name, *node, what, pattern);
      out.push_back(name);
    }
    return out;
  }

  std::vector<std::string> folders(std::string_view key, const std::string& what) const {
    std::vector<std::string> out;
    for (const auto& [folder, node] : toml_.texts(request_, key, what)) {
      if (!is_mount_folder(folder)) {
        bad(node, what, ": ", in_quotes(folder),
            " is not an absolute path of [A-Za-z0-9._/-] without \"..\" and a slash at its end");
      }
      if (out_.device_variables.empty()) {
        bad(node, what, " needs a variable in device-variables, whose elements it names");
      }
      out.push_back(folder);
    }
    return out;
  }

  std::vector<std::string> programs(std::string_view key, const std::string& what) const {
    std::vector<std::string> out;
    for (const auto& [name, node] : toml_.texts(request_, key, what)) {
      if (!is_program_name(name)) {
        bad(node, what, ": ", in_quotes(name),
            " is no name of a program: [A-Za-z0-9._-], without a folder and a dot at its "
            "beginning");
      }
      out.push_back(name);
    }
    return out;
  }

  std::string variable(const toml::table& table, std::string_view key,
                       const std::string& where) const {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
      return "";
    }
    std::string name = toml_.text(*node, cat(where, key));
    check_variable(name, *node, cat(where, key));
    return name;
  }

  std::string wanted_variable(const toml::table& table, std::string_view key,
                              const std::string& where) const {
    std::string name = variable(table, key, where);
    if (name.empty()) {
      bad(&table, where, "without ", key);
    }
    return name;
  }

  void check_name(const std::string& name, const toml::node& node, const std::string& what) const {
    if (!grammar::is_name(name)) {
      bad(&node, what, ": ", in_quotes(name), " is not [a-z][a-z0-9-]*");
    }
  }

  std::vector<std::string> names(const toml::table& table, std::string_view key,
                                 const std::string& what) const {
    std::vector<std::string> out;
    for (const auto& [name, node] : toml_.texts(table, key, what)) {
      check_name(name, *node, what);
      out.push_back(name);
    }
    return out;
  }

  std::vector<std::string> capabilities(const toml::table& table, std::string_view key,
                                        const std::string& what) const {
    std::vector<std::string> out = names(table, key, what);
    for (const Feature& feature : out_.features) {
      if (contains(out, feature.name)) {
        bad(table.get(key), what, ": ", in_quotes(feature.name),
            " is a feature, which only its own variable switches on");
      }
    }
    return out;
  }

  CapabilityRule capability_rule(const toml::table& table) const {
    const std::string where = "[[request.capability-rules]] ";
    toml_.known_keys(table, where, {"if-set", "if-unset", "capabilities"});
    CapabilityRule rule;
    rule.if_set = wanted_variable(table, "if-set", where);
    rule.if_unset = variable(table, "if-unset", where);
    rule.capabilities = capabilities(table, "capabilities", where + "capabilities");
    return rule;
  }

  VariableVendors variable_vendors(const toml::table& table) const {
    const std::string where = "[[request.variables]] ";
    toml_.known_keys(table, where, {"variable", "vendors"});
    VariableVendors entry{wanted_variable(table, "variable", where),
                          names(table, "vendors", where + "vendors")};
    if (!contains(out_.device_variables, entry.variable)) {
      bad(table.get("variable"), where, "variable: ", entry.variable,
          " is not among the device-variables");
    }
    if (entry.vendors.empty()) {
      bad(&table, where, "without vendors");
    }
    for (const VariableVendors& other : out_.variable_vendors) {
      if (other.variable == entry.variable) {
        bad(table.get("variable"), where, "variable: ", entry.variable, " comes twice");
      }
    }
    return entry;
  }

  void read_features() {
    for (const toml::table* table : toml_.tables(request_, "features", "[[request.features]]")) {
      Feature feature = read_feature(*table);
      for (const Feature& other : out_.features) {
        if (other.name == feature.name) {
          bad(table->get("name"), "[[request.features]] name: ", in_quotes(feature.name),
              " comes twice");
        }
      }
      out_.features.push_back(std::move(feature));
    }
  }

  Feature read_feature(const toml::table& table) const {
    const std::string where = "[[request.features]] ";
    toml_.known_keys(table, where,
                     {"name", "variable", "variables", "values", "list", "prefix", "privileged"});
    Feature feature;
    const toml::node* name = table.get("name");
    if (name == nullptr) {
      bad(&table, where, "without name");
    }
    feature.name = toml_.text(*name, where + "name");
    check_name(feature.name, *name, where + "name");
    feature.variables = variables(table, "variables", where + "variables", Pattern::kNo);
    if (std::string one = variable(table, "variable", where); !one.empty()) {
      feature.variables.push_back(std::move(one));
    }
    if (feature.variables.empty() || (table.contains("variable") && table.contains("variables"))) {
      bad(&table, where, in_quotes(feature.name), " needs either variable or variables");
    }
    feature.list = toml_.flag(table, "list", where + "list", false);
    feature.privileged = toml_.flag(table, "privileged", where + "privileged", false);
    feature.values = feature_values(table, feature);
    feature.prefix = feature_prefix(table, feature);
    return feature;
  }

  std::vector<std::string> feature_values(const toml::table& table, const Feature& feature) const {
    const std::string what = "[[request.features]] values";
    std::vector<std::string> out;
    for (const auto& [value, node] : toml_.texts(table, "values", what)) {
      if (switches_off(value)) {
        bad(node, what, ": ", in_quotes(value), " never switches anything on");
      }
      out.push_back(value);
    }
    if (out.empty() != feature.list) {
      bad(&table, "[[request.features]] ", in_quotes(feature.name),
          " needs either values that switch it on or list = true");
    }
    return out;
  }

  std::string feature_prefix(const toml::table& table, const Feature& feature) const {
    const toml::node* node = table.get("prefix");
    if (node == nullptr) {
      return "";
    }
    const std::string what = "[[request.features]] prefix";
    std::string prefix = toml_.text(*node, what);
    if (!feature.list) {
      bad(node, what, " is for a feature with list = true");
    }
    if (!grammar::is_item(prefix)) {
      bad(node, what, ": ", in_quotes(prefix), " is not [A-Za-z0-9][A-Za-z0-9._-]*");
    }
    return prefix;
  }

  void read_requirements(const toml::table& table) {
    const std::string where = "[request.requirements] ";
    toml_.known_keys(table, where, {"variables", "except", "disable", "rules"});
    Requirements& out = out_.requirements;
    out.variables = variables(table, "variables", where + "variables", Pattern::kYes);
    out.except = variables(table, "except", where + "except", Pattern::kYes);
    out.disable = variables(table, "disable", where + "disable", Pattern::kNo);
    for (const toml::table* rule : toml_.tables(table, "rules", "[[request.requirements.rules]]")) {
      out.rules.push_back(requirement_rule(*rule));
    }
  }

  RequirementRule requirement_rule(const toml::table& table) const {
    const std::string where = "[[request.requirements.rules]] ";
    toml_.known_keys(table, where, {"if-set", "if-unset", "requires"});
    RequirementRule rule;
    rule.if_set = wanted_variable(table, "if-set", where);
    rule.if_unset = variable(table, "if-unset", where);
    const toml::node* node = table.get("requires");
    if (node == nullptr) {
      bad(&table, where, "without requires");
    }
    rule.requires_text = toml_.text(*node, where + "requires");
    for (std::size_t at = 0; (at = rule.requires_text.find('$', at)) != std::string::npos; ++at) {
      const std::string_view rest = std::string_view(rule.requires_text).substr(at);
      if (!rest.starts_with("${value}") && !rest.starts_with("${major}") &&
          !rest.starts_with("${minor}")) {
        bad(node, where, "requires: ", in_quotes(rule.requires_text),
            " may hold ${value}, ${major} and ${minor}, and no other '$'");
      }
    }
    parse_requirement(filled_in(rule.requires_text, "1"),
                      cat(toml_.place(node), where, "requires"));
    return rule;
  }

  const toml::table& request_;
  const ManifestToml& toml_;
  Manifest& out_;
};

std::vector<std::string> plain_names(const toml::array* list, bool (*is_good)(std::string_view)) {
  std::vector<std::string> out;
  if (list != nullptr) {
    for (const toml::node& item : *list) {
      const auto name = item.value_exact<std::string>();
      if (name && is_good(*name)) {
        out.push_back(*name);
      }
    }
  }
  return out;
}

bool is_claimable(std::string_view name) {
  return grammar::is_variable(name) && name != kNeutralVariable;
}

}  // namespace

bool switches_off(std::string_view value) {
  const auto same = [&](std::string_view off) { return equal_in_any_case(value, off); };
  return value.empty() || value == "0" || same("false") || same("disabled") || same("none") ||
         same("void");
}

void read_request_table(const toml::table& request, const ManifestToml& toml, Manifest& manifest) {
  RequestReader(request, toml, manifest).read();
}

void read_claims(const toml::table& root, Manifest& manifest) {
  manifest.features.clear();
  manifest.requirements = {};
  manifest.variable_vendors.clear();
  const toml::table* request = root["request"].as_table();
  if (request == nullptr) {
    return;
  }
  manifest.device_variables = plain_names((*request)["device-variables"].as_array(), is_claimable);
  manifest.device_mounts = plain_names((*request)["device-mounts"].as_array(), is_mount_folder);
  manifest.hooks = plain_names((*request)["hooks"].as_array(), is_program_name);
  manifest.capability_variables =
      plain_names((*request)["capability-variables"].as_array(), is_claimable);
  const toml::array* entries = (*request)["variables"].as_array();
  for (std::size_t i = 0; entries != nullptr && i < entries->size(); ++i) {
    if (const toml::table* entry = (*entries)[i].as_table()) {
      manifest.variable_vendors.push_back(
          {(*entry)["variable"].value_or(std::string()),
           plain_names((*entry)["vendors"].as_array(), grammar::is_name)});
    }
  }
}

}  // namespace xpu
