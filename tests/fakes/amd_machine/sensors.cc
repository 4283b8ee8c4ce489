// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/amd_machine/sensors.h"

#include <cstring>
#include <fstream>

namespace xpu::fakes {

void make_amd_sensors(const std::filesystem::path& folder, std::uint64_t memory_used) {
  const std::map<std::string, std::string> files = {
      {"mem_info_vram_used", std::to_string(memory_used)},
      {"gpu_busy_percent", "37"},
      {"mem_busy_percent", "12"},
      {"pcie_replay_count", "5"},
      {"pp_dpm_sclk", "0: 500Mhz\n1: 800Mhz *\n2: 1700Mhz"},
      {"pp_dpm_mclk", "0: 400Mhz\n1: 1600Mhz *"},
      {"power/runtime_status", "active"},
      {"hwmon/hwmon3/name", "amdgpu"},
      {"hwmon/hwmon3/temp1_input", "45000"},
      {"hwmon/hwmon3/temp1_label", "edge"},
      {"hwmon/hwmon3/temp2_input", "51000"},
      {"hwmon/hwmon3/temp2_label", "junction"},
      {"hwmon/hwmon3/temp3_input", "48000"},
      {"hwmon/hwmon3/temp3_label", "mem"},
      {"hwmon/hwmon3/power1_average", "92000000"},
      {"hwmon/hwmon3/power1_cap", "300000000"},
      {"hwmon/hwmon3/freq1_input", "795000000"},
      {"hwmon/hwmon3/freq1_label", "sclk"},
      {"hwmon/hwmon3/freq2_input", "1600000000"},
      {"hwmon/hwmon3/freq2_label", "mclk"},
      {"hwmon/hwmon3/fan1_input", "900"},
      {"hwmon/hwmon3/fan1_max", "3600"},
  };
  for (const auto& [name, text] : files) {
    std::filesystem::create_directories((folder / name).parent_path());
    std::ofstream(folder / name, std::ios::binary) << text << '\n';
  }
}

std::string gpu_metrics_file(unsigned format, unsigned content, std::size_t size,
                             std::initializer_list<MetricsField> fields) {
  std::string bytes(size, '\xff');
  const auto stated = static_cast<std::uint16_t>(size);
  std::memcpy(bytes.data(), &stated, sizeof stated);
  bytes[2] = static_cast<char>(format);
  bytes[3] = static_cast<char>(content);
  for (const MetricsField& field : fields) {
    std::memcpy(bytes.data() + field.offset, &field.value, field.bytes);  // of the lowest bytes
  }
  return bytes;
}

}  // namespace xpu::fakes
