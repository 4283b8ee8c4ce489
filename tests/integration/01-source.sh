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

# Two types of one name in one namespace are one for the linker, which takes the destructor of either.
found=$(find core -name '*.h' -exec awk '
  FNR == 1 { space = "" }
  /^namespace [a-z_:]+ [{]/ { space = $2 }
  /^}  \/\/ namespace/ { space = "" }
  /^(struct|class) [A-Z][A-Za-z0-9]* .*[{]/ { print space "::" $2, FILENAME }' {} + | sort |
  awk '$1 == last { print $1 " in " file " and " $2 } { last = $1; file = $2 }')
same "no type of core/ has the name of another" "" "$found"
finish
