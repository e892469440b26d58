# room(NAME SOURCES … USES … LIBS …): one folder as one static library. A room may use only rooms
# declared before it, so an include that climbs fails at configure time, not in a review.
add_library(pnp_flags INTERFACE)
target_compile_features(pnp_flags INTERFACE cxx_std_20)
target_compile_options(pnp_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wformat=2 -Werror
  # GNU-unique symbols would pin the module in the PBX after an unload; clang has no such symbols to
  # switch off.
  $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
target_compile_definitions(pnp_flags INTERFACE PNP_VERSION="${PROJECT_VERSION}")
if(CMAKE_UNITY_BUILD)
  # What stands in an anonymous namespace is seen by the files that are compiled together with it.
  target_compile_options(pnp_flags INTERFACE
    -Wno-shadow -Wno-unused-function $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-subobject-linkage>)
endif()

if(PNP_SANITIZE)
  add_compile_options(-fsanitize=${PNP_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all -g1) # a stack needs lines, no more
  add_link_options(-fsanitize=${PNP_SANITIZE})
  find_program(LLD ld.lld)
  if(LLD) # of the 80 programs that are tested it links each in a quarter of the time
    add_link_options($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-fuse-ld=lld>)
  endif()
  if(PNP_SANITIZE MATCHES "thread")
    # It does not see fences; what Asio guards with them it guards with mutexes as well.
    add_compile_definitions(BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
  if(PNP_SANITIZE MATCHES "undefined")
    # The check of vtables looks at memory through a pipe, so it fails where a test leaves the
    # process without descriptors.
    add_compile_options(-fno-sanitize=vptr)
    # AddressSanitizer sees what these would tell of, and clang has them in the fuzz preset: with gcc
    # they are a quarter of the time of a build.
    add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fno-sanitize=null,alignment,object-size>)
  endif()
endif()

if(PNP_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link) # coverage, which guides libFuzzer
endif()

# room_folder(OUT NAME): the folder of a room, as it stands in an #include.
function(room_folder out name)
  if(name STREQUAL "engine")
    set(${out} "module" PARENT_SCOPE)
  elseif(name MATCHES "^(pnp|dialplan)$")
    set(${out} "${name}" PARENT_SCOPE)
  elseif(name STREQUAL "kx")
    set(${out} "provisioning/profile/kx" PARENT_SCOPE)
  elseif(name STREQUAL "wpi_items")
    set(${out} "provisioning/profile/wpi" PARENT_SCOPE)
  else()
    set(${out} "provisioning/${name}" PARENT_SCOPE)
  endif()
endfunction()

function(room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;USES;LIBS" ${ARGN})
  set(below "${name}")
  foreach(used IN LISTS ROOM_USES)
    if(NOT TARGET ${used})
      message(FATAL_ERROR "room ${name} reaches up to ${used}")
    endif()
    get_target_property(further ${used} PNP_BELOW)
    list(APPEND below ${further})
  endforeach()
  list(REMOVE_DUPLICATES below)
  add_library(${name} STATIC ${ROOM_SOURCES})
  set_target_properties(${name} PROPERTIES PNP_BELOW "${below}")
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ROOM_USES} PRIVATE ${ROOM_LIBS} PUBLIC pnp_flags)

  # A header-only climb would link, so the includes themselves are read.
  set(allowed "")
  foreach(room IN LISTS below)
    room_folder(folder ${room})
    list(APPEND allowed "${folder}")
  endforeach()
  list(JOIN allowed "|" allowed)
  set(patterns *.cpp *.hpp)
  foreach(source IN LISTS ROOM_SOURCES)
    if(source MATCHES "^([a-z0-9_]+)/")
      list(APPEND patterns ${CMAKE_MATCH_1}/*.cpp ${CMAKE_MATCH_1}/*.hpp)
    endif()
  endforeach()
  list(REMOVE_DUPLICATES patterns)
  file(GLOB files ${patterns})
  foreach(file IN LISTS files)
    file(STRINGS ${file} includes REGEX "^#include \"(module|pnp|dialplan|provisioning)/")
    foreach(include IN LISTS includes)
      if(NOT include MATCHES "\"(${allowed})(/[a-z0-9_]+)+\\.h(pp)?\"")
        message(FATAL_ERROR "${file} climbs out of room ${name}: ${include}")
      endif()
    endforeach()
  endforeach()
endfunction()

# embed(NAME DIR PATTERN…): a library NAME that holds the files of DIR as text, so that the module
# needs no share folder: <NAME>.hpp declares embedded::NAME(), a list of {path below DIR, content}.
function(embed name dir)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  list(TRANSFORM ARGN PREPEND ${dir}/ OUTPUT_VARIABLE patterns)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${dir} ${patterns})
  list(SORT files)
  list(TRANSFORM files PREPEND ${dir}/ OUTPUT_VARIABLE inputs)
  add_custom_command(
    OUTPUT ${out}/${name}.cpp ${out}/${name}.hpp
    COMMAND ${CMAKE_COMMAND} -DNAME=${name} -DDIR=${dir} "-DFILES=${files}" -DOUT=${out}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${inputs} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding ${name}" VERBATIM)
  if(NOT TARGET embedded)
    add_custom_target(embedded) # all of these: what clang-tidy has to find, besides the sources
  endif()
  add_library(${name} STATIC ${out}/${name}.cpp)
  add_dependencies(embedded ${name})
  target_include_directories(${name} SYSTEM PUBLIC ${out})
  target_link_libraries(${name} PRIVATE pnp_flags)
endfunction()
