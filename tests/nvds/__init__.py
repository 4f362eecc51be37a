"""A double of pyds that stands on NVIDIA's real libnvds_meta.so: allocation, list order and lifetimes are the library's own."""
