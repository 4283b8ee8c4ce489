# SPDX-License-Identifier: Apache-2.0
# Rules of the source that no compiler checks.
. "$(dirname "$0")/lib.sh"
cd "$XPU_SOURCE" || exit 1

names='nvidia|cuda|nvml|geforce|tesla|amd|amdgpu|radeon|rocm|kfd|intel|habana|gaudi|xe|i915|apple|metal|tpu|google|dri|nvswitch|mig'
found=$(grep -rniwE "$names" core | grep -v intelRdt)
same "no vendor or product name in core/" "" "$found"

found=$(find core backends sdk tests \( -name '*.cc' -o -name '*.h' -o -name '*.hpp' -o -name '*.c' \) \
  -exec grep -LF 'SPDX-License-Identifier: Apache-2.0' {} +)
same "every source file names its licence" "" "$found"

found=$(find core backends sdk tests \( -name '*.cc' -o -name '*.h' -o -name '*.hpp' -o -name '*.c' \) \
  -exec awk 'END {if (NR >= 600) print FILENAME ": " NR " lines"}' {} \;)
same "no source file has 600 lines" "" "$found"
finish
