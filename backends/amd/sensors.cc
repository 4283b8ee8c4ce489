// SPDX-License-Identifier: Apache-2.0
#include "backends/amd/sensors.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "sdk/helpers/path.h"

namespace xpu::amd {
namespace {

constexpr double kMilli = 1e-3, kMicro = 1e-6, kMega = 1e6;
constexpr double kPwmMost = 255;
constexpr int kSensors = 16;  // of one kind, at most

struct Word {
  std::string_view theirs;
  const char* ours;
};
constexpr Word kTemperatures[] = {{"edge", "core"}, {"junction", "hotspot"}, {"mem", "memory"}};
constexpr Word kClocks[] = {{"sclk", "compute"}, {"mclk", "memory"}};

// A label of the driver's as one of ours; a word that we do not know stays, if it can be a label.
template <std::size_t count>
std::string label_of(const Word (&words)[count], std::string text) {
  for (const Word& word : words) {
    if (word.theirs == text) {
      return word.ours;
    }
  }
  const bool right =
      !text.empty() && text.size() <= 32 && std::isalnum(text[0] & 0x7f) &&
      std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
      });
  return right ? text : "";
}

class Reader {
 public:
  explicit Reader(const sdk::Root& function) : root_(function) {
    for (const std::string& name : root_.list("/hwmon")) {
      if (root_.read_line("/hwmon/" + name + "/name") == "amdgpu") {
        hwmon_ = "/hwmon/" + name + "/";
      }
    }
  }

  std::vector<SensorValue> read() {
    read_function();
    if (!hwmon_.empty()) {
      read_temperatures();
      read_power();
      read_fan();
    }
    read_clocks();
    return std::move(out_);
  }

 private:
  // Negative numbers are temperatures only.
  std::optional<double> number(const std::string& path) const {
    const auto value = root_.read_number(path);
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
  }
  void add(const char* key, const std::string& label, std::optional<double> value, double unit) {
    if (value && *value >= 0) {
      out_.push_back({key, label, *value * unit});
    }
  }

  void read_function() {
    add("memory-used", "", number("/mem_info_vram_used"), 1);
    for (const auto& [file, label] :
         {std::pair("/gpu_busy_percent", "compute"), std::pair("/mem_busy_percent", "memory")}) {
      const auto percent = number(file);
      if (percent && *percent <= 100) {
        add("utilisation", label, percent, 0.01);
      }
    }
    add("errors", "pcie-replay", number("/pcie_replay_count"), 1);
  }

  void read_temperatures() {
    for (int sensor = 1; sensor <= kSensors; ++sensor) {
      const std::string base = hwmon_ + "temp" + std::to_string(sensor);
      const auto milli = number(base + "_input");
      if (!milli) {
        continue;
      }
      std::string text = root_.read_line(base + "_label");
      // A driver that labels nothing has one sensor.
      const std::string label = label_of(kTemperatures, text.empty() ? "edge" : text);
      if (!label.empty()) {
        out_.push_back({"temperature", label, *milli * kMilli});
      }
    }
  }

  void read_power() {
    const auto average = number(hwmon_ + "power1_average");
    add("power", "", average ? average : number(hwmon_ + "power1_input"), kMicro);
    add("power-limit", "", number(hwmon_ + "power1_cap"), kMicro);
    add("energy", "", number(hwmon_ + "energy1_input"), kMicro);
  }

  // By its speed where the most is known, else by how it is driven.
  void read_fan() {
    const auto most = number(hwmon_ + "fan1_max");
    const auto speed = number(hwmon_ + "fan1_input");
    const auto pwm = number(hwmon_ + "pwm1");
    if (most && speed && *most > 0) {
      add("fan", "", std::min(*speed, *most), 1 / *most);
    } else if (pwm && *pwm <= kPwmMost) {
      add("fan", "", pwm, 1 / kPwmMost);
    }
  }

  void read_clocks() {
    std::vector<std::string> have;
    for (int sensor = 1; !hwmon_.empty() && sensor <= 2; ++sensor) {
      const std::string base = hwmon_ + "freq" + std::to_string(sensor);
      const auto hertz = number(base + "_input");
      const std::string label = label_of(kClocks, root_.read_line(base + "_label"));
      if (hertz && !label.empty()) {
        add("clock", label, hertz, 1);
        have.push_back(label);
      }
    }
    for (const auto& [file, label] :
         {std::pair("/pp_dpm_sclk", "compute"), std::pair("/pp_dpm_mclk", "memory")}) {
      read_states(file, label, std::find(have.begin(), have.end(), label) != have.end());
    }
  }

  // Lines "1: 1700Mhz *", of which one or none is in force; "S: 19Mhz *" is asleep.
  void read_states(const char* file, const char* label, bool have_clock) {
    std::istringstream text(root_.read(file).value_or(""));
    std::optional<double> current, most;
    for (std::string line; std::getline(text, line);) {
      const std::size_t colon = line.find(':');
      const std::size_t unit = line.find("Mhz");
      if (colon == std::string::npos || unit == std::string::npos || unit < colon) {
        continue;
      }
      const auto clock = sdk::parse_number(sdk::trimmed(line.substr(colon + 1, unit - colon - 1)));
      if (!clock || *clock < 0) {
        continue;
      }
      most = std::max(most.value_or(0), static_cast<double>(*clock));
      if (line.find('*', unit) != std::string::npos) {
        current = static_cast<double>(*clock);
      }
    }
    if (!have_clock) {
      add("clock", label, current, kMega);
    }
    add("clock-limit", label, most, kMega);
  }

  const sdk::Root& root_;
  std::string hwmon_;  // "/hwmon/hwmon3/"
  std::vector<SensorValue> out_;
};

}  // namespace

std::vector<SensorValue> read_sensors(const sdk::Root& function) {
  return Reader(function).read();
}

}  // namespace xpu::amd
