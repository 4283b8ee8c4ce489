// SPDX-License-Identifier: Apache-2.0
// Our declarations of Level Zero against the vendor's header and library.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include "backends/intel/sysman_abi.h"

#ifdef XPU_LEVEL_ZERO_LIBRARY
#include <level_zero/ze_api.h>
#include <level_zero/zes_api.h>

namespace xpu::intel::ze {
namespace {

#define XPU_SAME_SIZE(Ours, theirs) static_assert(sizeof(Ours) == sizeof(theirs))
#define XPU_SAME_FIELD(Ours, ours, Theirs, theirs)                 \
  static_assert(offsetof(Ours, ours) == offsetof(Theirs, theirs)); \
  static_assert(sizeof(Ours::ours) == sizeof(Theirs::theirs))

using Core = ze_device_properties_t;
XPU_SAME_SIZE(CoreDeviceProperties, Core);
XPU_SAME_FIELD(CoreDeviceProperties, stype, Core, stype);
XPU_SAME_FIELD(CoreDeviceProperties, next, Core, pNext);
XPU_SAME_FIELD(CoreDeviceProperties, type, Core, type);
XPU_SAME_FIELD(CoreDeviceProperties, vendor_id, Core, vendorId);
XPU_SAME_FIELD(CoreDeviceProperties, device_id, Core, deviceId);
XPU_SAME_FIELD(CoreDeviceProperties, flags, Core, flags);
XPU_SAME_FIELD(CoreDeviceProperties, subslices_per_slice, Core, numSubslicesPerSlice);
XPU_SAME_FIELD(CoreDeviceProperties, slices, Core, numSlices);
XPU_SAME_FIELD(CoreDeviceProperties, uuid, Core, uuid);
XPU_SAME_FIELD(CoreDeviceProperties, name, Core, name);

using Properties = zes_device_properties_t;
XPU_SAME_SIZE(DeviceProperties, Properties);
XPU_SAME_FIELD(DeviceProperties, stype, Properties, stype);
XPU_SAME_FIELD(DeviceProperties, core, Properties, core);
XPU_SAME_FIELD(DeviceProperties, subdevices, Properties, numSubdevices);
XPU_SAME_FIELD(DeviceProperties, serial_number, Properties, serialNumber);
XPU_SAME_FIELD(DeviceProperties, model_name, Properties, modelName);
XPU_SAME_FIELD(DeviceProperties, driver_version, Properties, driverVersion);

using Pci = zes_pci_properties_t;
XPU_SAME_SIZE(PciProperties, Pci);
XPU_SAME_FIELD(PciProperties, stype, Pci, stype);
static_assert(offsetof(PciProperties, domain) ==
              offsetof(Pci, address) + offsetof(zes_pci_address_t, domain));
static_assert(offsetof(PciProperties, function) ==
              offsetof(Pci, address) + offsetof(zes_pci_address_t, function));
static_assert(offsetof(PciProperties, generation) == offsetof(Pci, maxSpeed));
XPU_SAME_FIELD(PciProperties, have_replays, Pci, haveReplayCounters);

using Memory = zes_mem_properties_t;
XPU_SAME_SIZE(MemoryProperties, Memory);
XPU_SAME_FIELD(MemoryProperties, stype, Memory, stype);
XPU_SAME_FIELD(MemoryProperties, location, Memory, location);
XPU_SAME_FIELD(MemoryProperties, physical_size, Memory, physicalSize);

using MemState = zes_mem_state_t;
XPU_SAME_SIZE(MemoryState, MemState);
XPU_SAME_FIELD(MemoryState, stype, MemState, stype);
XPU_SAME_FIELD(MemoryState, health, MemState, health);
XPU_SAME_FIELD(MemoryState, size, MemState, size);

using State = zes_device_state_t;
XPU_SAME_SIZE(DeviceState, State);
XPU_SAME_FIELD(DeviceState, stype, State, stype);
XPU_SAME_FIELD(DeviceState, reset, State, reset);

XPU_SAME_FIELD(MemoryState, free, MemState, free);

using Engine = zes_engine_properties_t;
XPU_SAME_SIZE(EngineProperties, Engine);
XPU_SAME_FIELD(EngineProperties, stype, Engine, stype);
XPU_SAME_FIELD(EngineProperties, type, Engine, type);
XPU_SAME_FIELD(EngineProperties, on_subdevice, Engine, onSubdevice);

using Stats = zes_engine_stats_t;
XPU_SAME_SIZE(EngineStats, Stats);
XPU_SAME_FIELD(EngineStats, active, Stats, activeTime);
XPU_SAME_FIELD(EngineStats, timestamp, Stats, timestamp);

using Ras = zes_ras_properties_t;
XPU_SAME_SIZE(RasProperties, Ras);
XPU_SAME_FIELD(RasProperties, stype, Ras, stype);
XPU_SAME_FIELD(RasProperties, type, Ras, type);

using Errors = zes_ras_state_t;
XPU_SAME_SIZE(RasState, Errors);
XPU_SAME_FIELD(RasState, stype, Errors, stype);
XPU_SAME_FIELD(RasState, category, Errors, category);

static_assert(sizeof(Handle) == sizeof(zes_device_handle_t));
static_assert(sizeof(Result) == sizeof(ze_result_t));

template <class Theirs>
constexpr void same_value(std::uint32_t ours, Theirs theirs) {
  EXPECT_EQ(ours, static_cast<std::uint32_t>(theirs));
}

TEST(LevelZeroAbi, ValuesAreTheHeaders) {
  same_value(kSuccess, ZE_RESULT_SUCCESS);
  same_value(kDeviceLost, ZE_RESULT_ERROR_DEVICE_LOST);
  same_value(kInsufficientPermissions, ZE_RESULT_ERROR_INSUFFICIENT_PERMISSIONS);
  same_value(kDependencyUnavailable, ZE_RESULT_ERROR_DEPENDENCY_UNAVAILABLE);
  same_value(kUninitialized, ZE_RESULT_ERROR_UNINITIALIZED);
  same_value(kUnsupportedFeature, ZE_RESULT_ERROR_UNSUPPORTED_FEATURE);
  same_value(kTypeCoreDeviceProperties, ZE_STRUCTURE_TYPE_DEVICE_PROPERTIES);
  same_value(kTypeDeviceProperties, ZES_STRUCTURE_TYPE_DEVICE_PROPERTIES);
  same_value(kTypePciProperties, ZES_STRUCTURE_TYPE_PCI_PROPERTIES);
  same_value(kTypeMemoryProperties, ZES_STRUCTURE_TYPE_MEM_PROPERTIES);
  same_value(kTypeDeviceState, ZES_STRUCTURE_TYPE_DEVICE_STATE);
  same_value(kTypeMemoryState, ZES_STRUCTURE_TYPE_MEM_STATE);
  same_value(kFlagIntegrated, ZE_DEVICE_PROPERTY_FLAG_INTEGRATED);
  same_value(kMemoryOnDevice, ZES_MEM_LOC_DEVICE);
  same_value(kMemoryDegraded, ZES_MEM_HEALTH_DEGRADED);
  same_value(kMemoryCritical, ZES_MEM_HEALTH_CRITICAL);
  same_value(kMemoryReplace, ZES_MEM_HEALTH_REPLACE);
  same_value(kTypeEngineProperties, ZES_STRUCTURE_TYPE_ENGINE_PROPERTIES);
  same_value(kTypeRasProperties, ZES_STRUCTURE_TYPE_RAS_PROPERTIES);
  same_value(kTypeRasState, ZES_STRUCTURE_TYPE_RAS_STATE);
  same_value(kComputeAll, ZES_ENGINE_GROUP_COMPUTE_ALL);
  same_value(kMediaAll, ZES_ENGINE_GROUP_MEDIA_ALL);
  same_value(kCopyAll, ZES_ENGINE_GROUP_COPY_ALL);
  same_value(kComputeSingle, ZES_ENGINE_GROUP_COMPUTE_SINGLE);
  same_value(kRenderSingle, ZES_ENGINE_GROUP_RENDER_SINGLE);
  same_value(kDecodeSingle, ZES_ENGINE_GROUP_MEDIA_DECODE_SINGLE);
  same_value(kEncodeSingle, ZES_ENGINE_GROUP_MEDIA_ENCODE_SINGLE);
  same_value(kCopySingle, ZES_ENGINE_GROUP_COPY_SINGLE);
  same_value(kEnhancementSingle, ZES_ENGINE_GROUP_MEDIA_ENHANCEMENT_SINGLE);
  same_value(k3dSingle, ZES_ENGINE_GROUP_3D_SINGLE);
  same_value(kRenderAll, ZES_ENGINE_GROUP_RENDER_ALL);
  same_value(k3dAll, ZES_ENGINE_GROUP_3D_ALL);
  same_value(kRasCorrectable, ZES_RAS_ERROR_TYPE_CORRECTABLE);
  same_value(kRasUncorrectable, ZES_RAS_ERROR_TYPE_UNCORRECTABLE);
  same_value(0, ZES_RAS_ERROR_CAT_RESET);
  same_value(6, ZES_RAS_ERROR_CAT_DISPLAY_ERRORS);
  same_value(kRasCategories, ZES_MAX_RAS_ERROR_CATEGORY_COUNT);
  same_value(kResetWedged, ZES_RESET_REASON_FLAG_WEDGED);
  same_value(kResetRepair, ZES_RESET_REASON_FLAG_REPAIR);
}

TEST(LevelZeroAbi, FunctionsAreTheLibrarys) {
  void* library = dlopen(XPU_LEVEL_ZERO_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  for (const char* name :
       {"zesDeviceGetProperties", "zesDevicePciGetProperties", "zesDeviceGetState",
        "zesDeviceEnumMemoryModules", "zesMemoryGetProperties", "zesMemoryGetState",
        "zesDeviceEnumEngineGroups", "zesEngineGetProperties", "zesEngineGetActivity",
        "zesDeviceEnumRasErrorSets", "zesRasGetProperties", "zesRasGetState"}) {
    EXPECT_NE(dlsym(library, name), nullptr) << name;
  }
  // These came together, with version 1.5 of the interface.
  const bool has_init = dlsym(library, "zesInit") != nullptr;
  EXPECT_EQ(dlsym(library, "zesDriverGet") != nullptr, has_init);
  EXPECT_EQ(dlsym(library, "zesDeviceGet") != nullptr, has_init);
}

}  // namespace
}  // namespace xpu::intel::ze

#else

TEST(LevelZeroAbi, IsTheVendors) {
  GTEST_SKIP() << "libze-dev and libze1 were not installed when this was built";
}

#endif
