# SPDX-License-Identifier: Apache-2.0
# From the headers of the ABI without their comments, a C program that prints what a later version must keep: sizes as lower bounds,
# offset and size of every field, and the values of all constants.
BEGIN {
  print "#include <stdio.h>\n#include <xpu/hotplug.h>\n#include <xpu/metrics.h>\nint main(void) {"
  print "puts(\"#include <xpu/hotplug.h>\\n#include <xpu/metrics.h>\");"
}
/^#define XPU_(ABI_|EXPORT|BACKEND_H|BACKEND_ENTRY)/ { next }
/^#define XPU_[A-Z_]+ +[0-9]/ {
  printf "printf(\"_Static_assert(%s == %%lld, \\\"%s\\\");\\n\", (long long)%s);\n", $2, $2, $2
  next
}
/^typedef struct [a-z_0-9]+ \{/ { type = $3; next }
/^}/ && type != "" {
  printf "printf(\"_Static_assert(sizeof(%s) >= %%zu, \\\"%s\\\");\\n\", sizeof(%s));\n", type, type, type
  type = ""
  next
}
type != "" {
  text = text " " $0
  if (text !~ /;[ ]*$/) { next }
  field = text
  text = ""
  if (match(field, /\(\*[a-z_]+\)/)) {
    name = substr(field, RSTART + 2, RLENGTH - 3)
  } else {
    sub(/;[ ]*$/, "", field)
    name = field
    sub(/.*[ *]/, "", name)
  }
  printf "printf(\"_Static_assert(offsetof(%s, %s) == %%zu, \\\"%s.%s\\\");\\n\", offsetof(%s, %s));\n", \
    type, name, type, name, type, name
  printf "printf(\"_Static_assert(sizeof(((%s*)0)->%s) == %%zu, \\\"%s.%s\\\");\\n\", sizeof(((%s*)0)->%s));\n", \
    type, name, type, name, type, name
}
END { print "return 0;\n}" }
