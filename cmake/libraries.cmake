# The outside libraries, each as an imported target with its headers marked as system headers.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS program_options)
# Before 3.0.3 a HMAC that goes on under the same key is not begun anew, and base/crypto.cpp would make
# wrong tokens without an error.
find_package(OpenSSL 3.0.3 REQUIRED)
find_package(LibXml2 REQUIRED)
find_package(SQLite3 REQUIRED)
if(NOT TARGET SQLite3::SQLite3) # its name since CMake 4
  add_library(SQLite3::SQLite3 ALIAS SQLite::SQLite3)
endif()
find_package(CURL REQUIRED)
find_package(fmt REQUIRED) # its headers; base/fmt.cpp compiles the rest
find_package(tl-expected REQUIRED)

# sofia-sip by its static archive: FreeSWITCH loads another sofia under the same soname with shifted
# structs, so no binary of ours may say NEEDED libsofia-sip-ua.so. pkg-config --static names the .so.
pkg_check_modules(SOFIA REQUIRED sofia-sip-ua)
find_library(SOFIA_ARCHIVE libsofia-sip-ua.a REQUIRED)
add_library(sofia INTERFACE)
target_include_directories(sofia SYSTEM INTERFACE ${SOFIA_INCLUDE_DIRS})
target_link_libraries(sofia INTERFACE ${SOFIA_ARCHIVE} OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

find_path(MUSTACHE_INCLUDE kainjow/mustache.hpp REQUIRED)
add_library(mustache INTERFACE)
target_include_directories(mustache SYSTEM INTERFACE ${MUSTACHE_INCLUDE})

find_path(FCCP_INCLUDE libfccp/csv.h REQUIRED)
add_library(fccp INTERFACE)
target_include_directories(fccp SYSTEM INTERFACE ${FCCP_INCLUDE})
# gcc 16 sees a truncation in its header that ends with a zero all the same.
target_compile_options(fccp INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-truncation>)

add_library(asio INTERFACE)
target_link_libraries(asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(asio INTERFACE BOOST_ASIO_NO_DEPRECATED)
