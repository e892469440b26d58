# Writes NAME.cpp and NAME.hpp into OUT: every one of FILES below DIR as a C++ raw string.
string(REPLACE " " ";" FILES "${FILES}")
file(WRITE ${OUT}/${NAME}.hpp "// Made by cmake/embed.cmake from ${NAME}; do not edit.
#pragma once
#include <span>
#include <string_view>

namespace embedded {
struct File {
    std::string_view path;
    std::string_view content;
};
std::span<const File> ${NAME}();
} // namespace embedded
")
set(rows "")
foreach(path IN LISTS FILES)
  file(READ ${DIR}/${path} content)
  # A compiler need only take literals of 64 kB: longer files are joined from pieces.
  string(LENGTH "${content}" length)
  set(pieces "")
  set(at 0)
  while(at LESS length OR length EQUAL 0)
    string(SUBSTRING "${content}" ${at} 8000 piece)
    string(APPEND pieces "R\"~pnp~(${piece})~pnp~\"\n")
    math(EXPR at "${at} + 8000")
    if(length EQUAL 0)
      break()
    endif()
  endwhile()
  string(APPEND rows "    {\"${path}\", ${pieces}},\n")
endforeach()
file(WRITE ${OUT}/${NAME}.cpp "// Made by cmake/embed.cmake; do not edit.
#include \"${NAME}.hpp\"

namespace embedded {
static constexpr File files[] = {
${rows}};

std::span<const File> ${NAME}() {
    return files;
}
} // namespace embedded
")
