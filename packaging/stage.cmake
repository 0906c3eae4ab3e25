# Run by CPack after the project is installed into its staging folder: adds the files that live outside the prefix.
string(REGEX REPLACE "/usr$" "" _stage "${CMAKE_INSTALL_PREFIX}")
get_filename_component(_root "${CPACK_PACKAGE_DIRECTORY}/packaging/root" ABSOLUTE)
file(GLOB _entries "${_root}/*")
file(COPY ${_entries} DESTINATION "${_stage}" FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
     DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
